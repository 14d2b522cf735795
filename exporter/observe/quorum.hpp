#pragma once

#include <functional>
#include <map>

#include "exporter/sources/placement.hpp"

namespace faultline::observe {

/// What the known descriptors say, given who is up.
struct Quorum {
  std::int64_t ranges = 0;
  std::int64_t without_quorum = 0;
  std::int64_t underreplicated = 0;  ///< With a voter on a node that is not up.
  std::int64_t at_risk = 0;          ///< With quorum, and the next node lost may take it.
  std::int64_t can_lose_nodes = 0;   ///< Any so many more, and every range keeps quorum.
  bool stores_known = true;          ///< False: some voter's store belongs to no known node.
};

/// Pure. Voters are stores; a range needs more than half of them on nodes that are up.
/// Joint configurations are judged by their new voters only.
[[nodiscard]] Quorum count_quorum(const sources::PlacementPart& placement,
                                  const std::map<StoreId, NodeId>& stores,
                                  const std::function<bool(NodeId)>& is_up);

}  // namespace faultline::observe
