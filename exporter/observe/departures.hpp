#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/readings.hpp"

namespace faultline::observe {

/// A node on its way out of the cluster, or out. The cluster makes a node decommissioned when no
/// replica is left on it, which descriptors that were read before do not tell yet.
struct Departure {
  bool up = false;                  ///< Now.
  std::optional<WallTime> up_at;    ///< When it was last seen up.
  std::optional<WallTime> left_at;  ///< When it was first seen decommissioned: that is for good.
};
using Departures = std::map<NodeId, Departure>;

/// One picture later, from gossip and from who is up. Pure.
[[nodiscard]] Departures follow_departures(const Departures& before, const Readings& readings,
                                           const std::vector<NodeView>& nodes, WallTime now);

/// Some node has left, or has gone while it was leaving: descriptors are worth reading at once.
[[nodiscard]] bool any_left(const Departures& before, const Departures& after);

/// Nodes that are not up and whose replicas, by descriptors read before, may be elsewhere.
struct Moved {
  std::set<NodeId> surely;   ///< Was up until the cluster called it decommissioned.
  std::set<NodeId> perhaps;  ///< Has just gone while it was leaving: for `kHold`.
  /// Was called decommissioned, whatever it was before: somebody may have marked a dead node so.
  std::set<NodeId> marked;
};

/// `began`: when the read of the descriptors began. What is read later tells where replicas are,
/// and a node that it still names has them, whatever somebody has marked it. Pure.
[[nodiscard]] Moved moved_since(const Departures& departures, WallTime began, WallTime now);

}  // namespace faultline::observe
