#pragma once

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/witness.hpp"

namespace faultline::observe {

/// DB Console's state of one record, as CockroachDB computes it (facts: LivenessStatus),
/// except that a node whom gossip has lost (`is_live` false) is suspect before its
/// record expires: that is seconds earlier. Pure. `since` is left empty.
[[nodiscard]] NodeLiveness liveness_of(const sources::GossipRow& row, const Witness& witness,
                                       milliseconds time_until_store_dead);

/// The node's liveness from all witnesses: the worst that a valid one says. Without a
/// valid witness only what two kinds of evidence agree on: a record that has run out
/// and a process that is gone, or a node that says so of itself.
[[nodiscard]] NodeLiveness judge_liveness(NodeId id, const std::vector<Witness>& witnesses,
                                          const SelfView& self, ProcessState process,
                                          milliseconds time_until_store_dead);

/// From v23.1 on the cluster gives a node that comes back no leases for a while, and DB
/// Console calls it suspect for as long: `suspect_for`, server.time_after_store_suspect. SQL
/// does not show that: it is remembered here. Enters the state into `liveness`, judged from
/// witnesses just now. Pure.
void remember_return(NodeLiveness& liveness, const NodeLiveness* before,
                     const std::string& build_tag, milliseconds suspect_for, WallTime now);

/// Suspect only because it has just come back: it serves all the same.
[[nodiscard]] bool is_back(const NodeLiveness& liveness);

/// gossip_nodes.is_live of valid witnesses; false if any says false.
[[nodiscard]] std::optional<bool> is_live_of(NodeId id, const std::vector<Witness>& witnesses);

}  // namespace faultline::observe
