#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "exporter/observe/impact.hpp"

namespace faultline::test {

/// A random cluster, and what a fault would do to it by going through every range, every
/// pair of nodes and every subset: slow, and shares no code with what it checks.
struct Oracle {
  struct Range {
    std::int64_t id;
    std::string name;
    std::vector<std::int64_t> voters;    ///< Stores.
    std::vector<std::int64_t> outgoing;  ///< Stores.
  };
  struct Outcome {
    std::int64_t lost = 0;
    std::int64_t lost_already = 0;
    std::int64_t under = 0;
    std::map<std::int64_t, std::pair<RangeLoss, std::int64_t>> hit;  ///< Range to loss and left.
    std::optional<std::int64_t> leases = 0;
    std::optional<std::int64_t> can_lose;
  };
  using Set = std::set<std::int64_t>;

  explicit Oracle(std::uint32_t seed) : random(seed) {
    nodes = pick(2, 7);
    for (std::int64_t node = 1; node <= nodes; ++node) {
      for (int i = pick(1, 2); i > 0; --i) node_of[node * 10 + i] = node;
      if (pick(1, 100) <= 75) up.insert(node);
      leases[node] = pick(0, 40);
    }
    for (int id = pick(1, 12); id > 0; --id) ranges.push_back(range(id));
    ranges.front().name = "/System/NodeLiveness";
  }

  int pick(int least, int most) { return std::uniform_int_distribution<int>{least, most}(random); }

  [[nodiscard]] observe::ImpactBasis basis() const {
    observe::ImpactBasis basis;
    basis.anything_read = basis.who_is_up_known = basis.placement_on = true;
    auto part = std::make_shared<sources::PlacementPart>();
    std::map<std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>, sources::VoterGroup>
        groups;
    for (const auto& range : ranges) {
      auto& group = groups[{range.voters, range.outgoing}];
      group.voters = ids(range.voters);
      group.outgoing = ids(range.outgoing);
      group.named.push_back({range.id, range.name});
      ++group.ranges;
    }
    for (const auto& [key, group] : groups) part->groups.push_back(group);
    part->ranges = static_cast<std::int64_t>(ranges.size());
    basis.placement = part;
    basis.placement_read_at = from_ms(1'000);
    for (const auto& [store, node] : node_of) basis.stores[StoreId{store}] = NodeId{node};
    for (std::int64_t node = 1; node <= nodes; ++node) {
      basis.nodes.push_back({NodeId{node}, true, up.contains(node), leases.at(node)});
    }
    return basis;
  }

  /// A question that makes sense here.
  observe::ImpactQuestion question() {
    observe::ImpactQuestion asked;
    asked.fault = static_cast<ImpactFault>(pick(0, 4));
    const bool cut = asked.fault == ImpactFault::partition || asked.fault == ImpactFault::isolate;
    std::vector<std::int64_t> order;
    for (std::int64_t node = 1; node <= nodes; ++node) order.push_back(node);
    std::shuffle(order.begin(), order.end(), random);
    const auto count = static_cast<std::size_t>(pick(1, static_cast<int>(nodes) - (cut ? 1 : 0)));
    for (std::size_t i = 0; i < count; ++i) asked.nodes.push_back(NodeId{order[i]});
    if (asked.fault == ImpactFault::partition && pick(0, 1) == 1) {
      const auto most = static_cast<int>(order.size() - count);
      for (int i = pick(1, most); i > 0; --i) {
        asked.from.push_back(NodeId{order[count + static_cast<std::size_t>(i) - 1]});
      }
    }
    std::sort(asked.nodes.begin(), asked.nodes.end());
    std::sort(asked.from.begin(), asked.from.end());
    return asked;
  }

  [[nodiscard]] Outcome outcome(const observe::ImpactQuestion& asked) const {
    const auto sees = connections(asked);
    const bool partial = !transitive(sees);
    const Set main = partial ? up : main_side(sees);
    Outcome result;
    if (!partial) result.can_lose = can_lose(main);
    bool leases_stay = true;
    for (const auto& range : ranges) {
      if (!quorum(range, up)) {
        ++result.lost_already;
        continue;
      }
      std::pair<bool, std::int64_t> best{false, 0};
      for (const auto leader : nodes_of(range.voters)) {
        if (!main.contains(leader)) continue;
        Set seen;
        for (const auto other : main) {
          if (sees.at(leader).contains(other)) seen.insert(other);
        }
        const bool keeps = quorum(range, seen);
        if (!keeps) leases_stay = false;
        best = std::max(best, {keeps, count(range.voters, seen)});
      }
      if (best.first && best.second == count(range.voters, up)) continue;
      ++(best.first ? result.under : result.lost);
      result.hit[range.id] = {best.first ? RangeLoss::replica : RangeLoss::quorum, best.second};
    }
    for (const auto node : up) {
      if (!main.contains(node)) *result.leases += leases.at(node);
    }
    if (partial && !leases_stay) result.leases.reset();
    return result;
  }

  std::mt19937 random;
  std::int64_t nodes = 0;
  std::map<std::int64_t, std::int64_t> node_of;  ///< Store to node.
  std::map<std::int64_t, std::int64_t> leases;
  Set up;
  std::vector<Range> ranges;

 private:
  Range range(int id) {
    std::vector<std::int64_t> stores;
    for (const auto& [store, node] : node_of) stores.push_back(store);
    std::shuffle(stores.begin(), stores.end(), random);
    const auto size = std::min<std::size_t>(stores.size(), static_cast<std::size_t>(pick(1, 5)));
    Range made{id, "/Table/" + std::to_string(100 + id), {}, {}};
    made.voters.assign(stores.begin(), stores.begin() + static_cast<std::ptrdiff_t>(size));
    if (pick(1, 5) == 1 && size < stores.size()) made.outgoing.push_back(stores[size]);
    std::sort(made.voters.begin(), made.voters.end());
    return made;
  }

  static std::vector<StoreId> ids(const std::vector<std::int64_t>& stores) {
    std::vector<StoreId> list;
    for (const auto store : stores) list.push_back(StoreId{store});
    return list;
  }
  [[nodiscard]] Set nodes_of(const std::vector<std::int64_t>& stores) const {
    Set found;
    for (const auto store : stores) found.insert(node_of.at(store));
    return found;
  }
  [[nodiscard]] std::int64_t count(const std::vector<std::int64_t>& stores, const Set& who) const {
    return std::count_if(stores.begin(), stores.end(),
                         [&](auto store) { return who.contains(node_of.at(store)); });
  }

  /// In the new half, and in every old half that there can have been.
  [[nodiscard]] bool quorum(const Range& range, const Set& who) const {
    const auto size = range.voters.size();
    for (std::size_t entering = 0; entering < (1U << size); ++entering) {
      std::vector<std::int64_t> old = range.outgoing;
      std::size_t came = 0;
      for (std::size_t i = 0; i < size; ++i) {
        if ((entering >> i & 1U) != 0) {
          ++came;
        } else {
          old.push_back(range.voters[i]);
        }
      }
      if (came > range.outgoing.size()) continue;
      if (count(old, who) < static_cast<std::int64_t>(old.size() / 2 + 1)) return false;
    }
    return count(range.voters, who) >= static_cast<std::int64_t>(size / 2 + 1);
  }

  /// Whom each node that is up and stays sees, itself included.
  [[nodiscard]] std::map<std::int64_t, Set> connections(
      const observe::ImpactQuestion& asked) const {
    Set struck;
    Set from;
    for (const auto id : asked.nodes) struck.insert(id.value);
    for (const auto id : asked.from) from.insert(id.value);
    const auto cut = [&](std::int64_t a, std::int64_t b) {
      const bool there = from.empty() ? !struck.contains(b) : from.contains(b);
      return asked.fault == ImpactFault::partition && struck.contains(a) && there;
    };
    std::map<std::int64_t, Set> sees;
    for (const auto a : up) {
      if (asked.fault != ImpactFault::partition && struck.contains(a)) continue;
      for (const auto b : up) {
        if (asked.fault != ImpactFault::partition && struck.contains(b)) continue;
        if (a == b || (!cut(a, b) && !cut(b, a))) sees[a].insert(b);
      }
    }
    return sees;
  }

  static bool transitive(const std::map<std::int64_t, Set>& sees) {
    return std::all_of(sees.begin(), sees.end(), [&](const auto& item) {
      return std::all_of(item.second.begin(), item.second.end(),
                         [&](auto other) { return sees.at(other) == item.second; });
    });
  }

  [[nodiscard]] Set main_side(const std::map<std::int64_t, Set>& sees) const {
    Set best;
    for (const auto& [node, side] : sees) {
      if (quorum(ranges.front(), side)) return side;
      if (side.size() > best.size()) best = side;
    }
    return best;
  }

  [[nodiscard]] std::int64_t can_lose(const Set& who) const {
    const std::vector<std::int64_t> list{who.begin(), who.end()};
    auto least = static_cast<std::int64_t>(list.size()) + 1;
    for (std::size_t gone = 0; gone < (1U << list.size()); ++gone) {
      Set rest;
      for (std::size_t i = 0; i < list.size(); ++i) {
        if ((gone >> i & 1U) == 0) rest.insert(list[i]);
      }
      const bool fine = std::all_of(ranges.begin(), ranges.end(),
                                    [&](const Range& range) { return quorum(range, rest); });
      if (!fine) least = std::min(least, static_cast<std::int64_t>(list.size() - rest.size()));
    }
    return std::max<std::int64_t>(0, least - 1);
  }
};

}  // namespace faultline::test
