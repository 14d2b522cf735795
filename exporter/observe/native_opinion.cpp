#include "exporter/observe/native_opinion.hpp"

#include <algorithm>
#include <string>

#include "exporter/observe/standing.hpp"

namespace faultline::observe {

Opinion native_opinion(const std::vector<NodeView>& nodes, const VerdictInput& counted_nodes) {
  Opinion opinion;
  std::int64_t counted = 0;
  std::int64_t sum = 0;
  std::string missing;
  for (const auto& node : nodes) {
    if (node.replication.valid && node.replication.ranges_unavailable) {
      sum += *node.replication.ranges_unavailable;
      counted += node.replication.ranges_counted.value_or(0);
      opinion.read_at = std::max(opinion.read_at.value_or(WallTime::min()),
                                 node.replication.read_at.value_or(WallTime::min()));
    } else if (is_up(node)) {
      missing = "n" + std::to_string(node.id.value) + ": " + node.replication.reason;
    }
  }
  if (!opinion.read_at) {
    opinion.reason = missing.empty() ? "no node gives its metrics" : missing;
  } else if (sum == 0 && !missing.empty()) {
    // A zero that some node has not agreed to is no zero.
    opinion.reason = missing;
  } else if (sum == 0 && counted == 0) {
    opinion.reason = "no node counts any range";
  } else if (sum == 0 && counted_nodes.up * 2 <= counted_nodes.expected) {
    // Gauges are up to 10 s old, and a node without its majority counts nothing.
    opinion.reason = "too few nodes are up for a zero to mean anything";
  } else {
    opinion.valid = true;
    opinion.ranges_unavailable = sum;
  }
  return opinion;
}

void weigh_gauges(VerdictInput& input, std::optional<WallTime>& more_since,
                  const ClusterSnapshot* before) {
  const auto computed = input.computed.ranges_unavailable.value_or(0);
  if (quorum_on_hold(input) && input.native.valid && *input.native.ranges_unavailable == 0) {
    input.native = {false,
                    {},
                    "nodes call others not live whose processes answer, and a zero may be from "
                    "before: gauges are up to 10 s old",
                    input.native.read_at};
  }
  if (input.perhaps_lost + input.perhaps_moved > 0 && input.native.valid &&
      *input.native.ranges_unavailable == 0) {
    input.native = {false,
                    {},
                    "no node counts a range that has no live replica, and whether one has lost "
                    "them all is being read anew",
                    input.native.read_at};
  }
  if (input.native.valid && *input.native.ranges_unavailable < computed) {
    input.native = {false,
                    {},
                    "the nodes report fewer than their descriptors tell: gauges are up to 10 s "
                    "old, and no node counts a range that has no live replica",
                    input.native.read_at};
  }
  const bool more = input.native.valid && *input.native.ranges_unavailable > computed;
  const bool moved =
      before != nullptr && before->verdict.computed.ranges_unavailable.value_or(0) != computed;
  if (!more || moved) more_since.reset();
  if (more && !more_since) more_since = input.now;
  input.native_more_since = more_since;
  if (more && computed > 0 && input.now - *more_since < kHold) {
    input.native = {false,
                    {},
                    "the nodes report more than their descriptors explain; it may pass",
                    input.native.read_at};
  }
}

}  // namespace faultline::observe
