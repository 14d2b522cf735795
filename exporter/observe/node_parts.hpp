#pragma once

#include <map>

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/directory.hpp"
#include "exporter/observe/witness.hpp"

namespace faultline::observe {

// The fields of one node, each from its own source. All pure. `before` is the node in
// the previous picture, or null.

/// Address, locality, version: from gossip, or as they were.
void fill_description(NodeView& node, const Readings& readings, const Directory& directory,
                      const NodeView* before);

[[nodiscard]] NodeProcess process_of(NodeId id, const Readings& readings,
                                     const Directory& directory, const NodeView* before,
                                     WallTime now);

/// Needs address and sql_address of `node`, and those of the others in `nodes`.
[[nodiscard]] NodeContainer container_of(const NodeView& node, const std::vector<NodeView>& nodes,
                                         const Readings& readings, WallTime now);

/// The target that is the node: chaosd's own resolution, else host:port, else a host
/// that no other node has. Null when none matches.
[[nodiscard]] const TargetView* target_of(const NodeView& node, const std::vector<NodeView>& nodes,
                                          const std::vector<TargetView>& targets);

/// The node's own gauges; needs `node.process`.
[[nodiscard]] NodeReplication replication_of(const NodeView& node, const Readings& readings,
                                             const NodeView* before, WallTime now);

/// Replicas and leases; needs liveness and replication of `node`.
void fill_counts(NodeView& node, const Readings& readings, const std::vector<Witness>& witnesses,
                 const Directory& directory, WallTime now);

/// Its stores as it wrote them down, and counts that nobody else knows; after `fill_counts`.
void fill_stores(NodeView& node, const Readings& readings, WallTime now);

/// The youngest page of the node, if young enough.
[[nodiscard]] const sources::NodeMetrics* page_of(NodeId id, const Readings& readings,
                                                  WallTime now);

}  // namespace faultline::observe
