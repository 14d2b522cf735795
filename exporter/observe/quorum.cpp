#include "exporter/observe/quorum.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace faultline::observe {

namespace {

using Places = std::vector<std::optional<NodeId>>;

/// What CockroachDB makes of a new range as soon as it can.
constexpr std::int64_t kSettledVoters = 3;

std::int64_t size(const Places& places) { return static_cast<std::int64_t>(places.size()); }

std::int64_t up_among(const Places& places, const IsUp& is_up) {
  return std::count_if(places.begin(), places.end(),
                       [&](const auto& node) { return node && is_up(*node); });
}

bool majority(std::int64_t up, std::int64_t all) { return up * 2 > all; }

/// For one set of voters: take the fullest nodes until too few are left.
std::int64_t survived_by_count(const Places& voters, const IsUp& is_up) {
  std::map<NodeId, std::int64_t> voters_of_node;
  std::int64_t left = 0;
  for (const auto& node : voters) {
    if (!node || !is_up(*node)) continue;
    ++voters_of_node[*node];
    ++left;
  }
  std::vector<std::int64_t> counts;
  for (const auto& [node, count] : voters_of_node) counts.push_back(count);
  std::sort(counts.rbegin(), counts.rend());
  std::int64_t survived = 0;
  for (const auto count : counts) {
    left -= count;
    if (!majority(left, size(voters))) break;
    ++survived;
  }
  return survived;
}

/// Whether quorum stays whichever `more` of `nodes`, from `first` on, go as well.
bool survives_any(const Seats& seats, const std::vector<NodeId>& nodes, std::size_t first,
                  std::int64_t more, const IsUp& is_up) {
  if (more == 0) return has_quorum(seats, is_up);
  for (std::size_t i = first; i < nodes.size(); ++i) {
    const auto without = [&](NodeId id) { return id != nodes[i] && is_up(id); };
    if (!survives_any(seats, nodes, i + 1, more - 1, without)) return false;
  }
  return true;
}

}  // namespace

Seats seats_of(const sources::VoterGroup& group, const StoreOwners& stores) {
  const auto places = [&](const std::vector<StoreId>& list) {
    Places found;
    for (const auto store : list) {
      const auto node = stores.find(store);
      found.push_back(node == stores.end() ? std::nullopt : node->second);
    }
    return found;
  };
  const bool known = std::all_of(group.voters.begin(), group.voters.end(),
                                 [&](StoreId store) { return stores.contains(store); });
  return {places(group.voters), places(group.outgoing), known};
}

bool has_quorum(const Seats& seats, const IsUp& is_up) {
  const auto up = up_among(seats.voters, is_up);
  if (!majority(up, size(seats.voters))) return false;
  const auto outgoing_up = up_among(seats.outgoing, is_up);
  if (seats.outgoing.empty()) return true;
  // At most as many come as go; for the old half it is worst when those are up.
  const auto entering_max = std::min(size(seats.outgoing), size(seats.voters));
  for (std::int64_t entering = 0; entering <= entering_max; ++entering) {
    const auto old_size = size(seats.voters) - entering + size(seats.outgoing);
    const auto old_up = std::max<std::int64_t>(0, up - entering) + outgoing_up;
    if (!majority(old_up, old_size)) return false;
  }
  return true;
}

std::int64_t voters_up(const Seats& seats, const IsUp& is_up) {
  return up_among(seats.voters, is_up);
}

std::int64_t losses_survived(const Seats& seats, const IsUp& is_up) {
  if (seats.outgoing.empty()) return survived_by_count(seats.voters, is_up);
  std::set<NodeId> up;
  for (const auto* places : {&seats.voters, &seats.outgoing}) {
    for (const auto& node : *places) {
      if (node && is_up(*node)) up.insert(*node);
    }
  }
  // Few replicas, for a moment: trying them all costs nothing.
  const std::vector<NodeId> nodes{up.begin(), up.end()};
  std::int64_t survived = 0;
  const auto most = static_cast<std::int64_t>(nodes.size());
  while (survived < most && survives_any(seats, nodes, 0, survived + 1, is_up)) ++survived;
  return survived;
}

Quorum count_quorum(const sources::PlacementPart& placement, const StoreOwners& stores,
                    const IsUp& is_up) {
  Quorum quorum;
  quorum.ranges = placement.ranges;
  auto can_lose = std::numeric_limits<std::int64_t>::max();
  for (const auto& group : placement.groups) {
    const auto seats = seats_of(group, stores);
    quorum.stores_known &= seats.known;
    if (voters_up(seats, is_up) < size(seats.voters)) quorum.underreplicated += group.ranges;
    if (!has_quorum(seats, is_up)) {
      quorum.without_quorum += group.ranges;
      if (size(seats.voters) < kSettledVoters) quorum.lost_when_small += group.ranges;
      can_lose = 0;
      continue;
    }
    const auto survived = losses_survived(seats, is_up);
    if (survived == 0) quorum.at_risk += group.ranges;
    can_lose = std::min(can_lose, survived);
  }
  quorum.can_lose_nodes = placement.groups.empty() ? 0 : can_lose;
  return quorum;
}

}  // namespace faultline::observe
