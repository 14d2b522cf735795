#include "exporter/observe/departures.hpp"

#include <algorithm>

#include "exporter/observe/standing.hpp"
#include "exporter/observe/verdict.hpp"
#include "exporter/observe/witness.hpp"

namespace faultline::observe {

namespace {

/// The furthest that any gossip has it: nobody comes back from decommissioned.
sources::Membership membership_of(NodeId id, const Readings& readings) {
  auto membership = sources::Membership::active;
  for (const auto* reading : {&readings.gossip, &readings.second_gossip}) {
    const auto* row = *reading && (*reading)->part ? row_of(*(*reading)->part, id) : nullptr;
    if (row != nullptr) membership = std::max(membership, row->membership);
  }
  return membership;
}

}  // namespace

Departures follow_departures(const Departures& before, const Readings& readings,
                             const std::vector<NodeView>& nodes, WallTime now) {
  Departures after;
  for (const auto& node : nodes) {
    const auto known = before.find(node.id);
    const auto membership = membership_of(node.id, readings);
    auto departure = known == before.end() ? Departure{} : known->second;
    if (membership == sources::Membership::active && !departure.left_at) continue;
    departure.up = is_up(node);
    if (departure.up) departure.up_at = now;
    if (membership == sources::Membership::decommissioned && !departure.left_at) {
      departure.left_at = now;
    }
    after.emplace(node.id, departure);
  }
  return after;
}

bool any_left(const Departures& before, const Departures& after) {
  return std::any_of(after.begin(), after.end(), [&](const Departures::value_type& item) {
    const auto known = before.find(item.first);
    if (known == before.end()) return item.second.left_at.has_value();
    return (item.second.left_at && !known->second.left_at) ||
           (!item.second.left_at && known->second.up && !item.second.up);
  });
}

Moved moved_since(const Departures& departures, WallTime began, WallTime now) {
  Moved moved;
  for (const auto& [id, departure] : departures) {
    if (departure.up) continue;
    const auto& [up, up_at, left_at] = departure;
    if (left_at && began <= *left_at) {
      moved.marked.insert(id);
      // Its process may be stopped a moment before gossip tells that it has left.
      if (up_at && *left_at - *up_at <= kHold) moved.surely.insert(id);
    } else if (!left_at && up_at && began <= *up_at && now - *up_at < kHold) {
      moved.perhaps.insert(id);
    }
  }
  return moved;
}

}  // namespace faultline::observe
