#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "exporter/sources/placement.hpp"

namespace faultline::observe {

using IsUp = std::function<bool(NodeId)>;

/// Which node a store is on; empty: on none any more, its node lives on without it.
using StoreOwners = std::map<StoreId, std::optional<NodeId>>;

/// The voters of a group of ranges as the nodes that they are on; empty: on none, or nobody
/// knows whose store it is, which both count as lost.
struct Seats {
  std::vector<std::optional<NodeId>> voters;
  std::vector<std::optional<NodeId>> outgoing;  ///< Vote in the old half only.
  bool known = true;  ///< False: some voter's store belongs to no known node.
};

[[nodiscard]] Seats seats_of(const sources::VoterGroup& group, const StoreOwners& stores);

/// Whether more than half of the voters are on nodes that are up. While a joint
/// configuration lasts, both of its halves must have that; which of the voters are new in
/// it nobody tells, so the old half has its majority whichever they are, or has it not.
[[nodiscard]] bool has_quorum(const Seats& seats, const IsUp& is_up);

/// How many of the voters are on nodes that are up.
[[nodiscard]] std::int64_t voters_up(const Seats& seats, const IsUp& is_up);

/// Any so many nodes, the worst ones first, may go and the group keeps its quorum, which
/// it has.
[[nodiscard]] std::int64_t losses_survived(const Seats& seats, const IsUp& is_up);

/// What the known descriptors say, given who is up.
struct Quorum {
  std::int64_t ranges = 0;
  std::int64_t without_quorum = 0;
  /// Of these, with so few voters that they may just have been created: one or two.
  std::int64_t lost_when_small = 0;
  std::int64_t underreplicated = 0;  ///< With a voter on a node that is not up, or on none.
  std::int64_t at_risk = 0;          ///< With quorum, and the next node lost may take it.
  std::int64_t can_lose_nodes = 0;   ///< Any so many more, and every range keeps quorum.
  bool stores_known = true;          ///< False: some voter's store belongs to no known node.

  bool operator==(const Quorum&) const = default;
};

/// Pure. Voters are stores; learners and non-voters do not count.
[[nodiscard]] Quorum count_quorum(const sources::PlacementPart& placement,
                                  const StoreOwners& stores, const IsUp& is_up);

}  // namespace faultline::observe
