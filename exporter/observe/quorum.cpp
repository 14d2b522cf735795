#include "exporter/observe/quorum.hpp"

#include <algorithm>
#include <limits>

namespace faultline::observe {

namespace {

/// How many nodes, the worst ones first, may go before fewer than `needed` voters are left.
std::int64_t losses_survived(const std::map<NodeId, std::int64_t>& voters_of_node,
                             std::int64_t needed) {
  std::vector<std::int64_t> voters;
  std::int64_t left = 0;
  for (const auto& [node, count] : voters_of_node) {
    voters.push_back(count);
    left += count;
  }
  std::sort(voters.rbegin(), voters.rend());
  std::int64_t survived = 0;
  for (const auto count : voters) {
    left -= count;
    if (left < needed) break;
    ++survived;
  }
  return survived;
}

}  // namespace

Quorum count_quorum(const sources::PlacementPart& placement,
                    const std::map<StoreId, NodeId>& stores,
                    const std::function<bool(NodeId)>& is_up) {
  Quorum quorum;
  quorum.ranges = placement.ranges;
  auto can_lose = std::numeric_limits<std::int64_t>::max();
  for (const auto& group : placement.groups) {
    std::map<NodeId, std::int64_t> up;
    std::int64_t voters_up = 0;
    for (const auto store : group.voters) {
      const auto node = stores.find(store);
      if (node == stores.end()) {
        quorum.stores_known = false;
      } else if (is_up(node->second)) {
        ++up[node->second];
        ++voters_up;
      }
    }
    const auto voters = static_cast<std::int64_t>(group.voters.size());
    const auto needed = voters / 2 + 1;
    if (voters_up < voters) quorum.underreplicated += group.ranges;
    if (voters_up < needed) {
      quorum.without_quorum += group.ranges;
      can_lose = 0;
      continue;
    }
    const auto survived = losses_survived(up, needed);
    if (survived == 0) quorum.at_risk += group.ranges;
    can_lose = std::min(can_lose, survived);
  }
  quorum.can_lose_nodes = placement.groups.empty() ? 0 : can_lose;
  return quorum;
}

}  // namespace faultline::observe
