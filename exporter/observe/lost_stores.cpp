#include "exporter/observe/lost_stores.hpp"

#include <algorithm>
#include <set>

#include "exporter/observe/node_parts.hpp"
#include "exporter/observe/standing.hpp"

namespace faultline::observe {

namespace {

bool sure(const LostStores::value_type& lost, WallTime now) {
  return now - lost.second >= kStoreHold;
}

/// Those that some replica lies on: one that has been emptied may go for good.
std::set<StoreId> in_use(const sources::PlacementPart& placement, const std::set<StoreId>& among) {
  std::set<StoreId> used;
  if (among.empty()) return used;
  for (const auto& group : placement.groups) {
    for (const auto* list : {&group.voters, &group.outgoing}) {
      for (const auto store : *list) {
        if (among.contains(store)) used.insert(store);
      }
    }
  }
  return used;
}

}  // namespace

LostStores find_lost_stores(std::vector<NodeView>& nodes, const Readings& readings,
                            const std::map<StoreId, NodeId>& owners, const LostStores& before,
                            WallTime now) {
  if (!readings.placement || !readings.placement->part) return {};
  std::map<NodeId, const sources::NodeMetrics*> told;
  for (const auto& node : nodes) {
    const auto* page = is_up(node) ? page_of(node.id, readings, now) : nullptr;
    if (page != nullptr && !page->vars->stores.empty()) told.emplace(node.id, page);
  }
  std::set<StoreId> absent;
  for (const auto& [store, node] : owners) {
    const auto page = told.find(node);
    if (page == told.end()) continue;
    const auto& has = page->second->vars->stores;
    if (std::find(has.begin(), has.end(), store) == has.end()) absent.insert(store);
  }
  LostStores lost;
  std::map<NodeId, std::int64_t> missing;
  for (const auto store : in_use(*readings.placement->part, absent)) {
    const auto known = before.find(store);
    const auto entry = lost.emplace(store, known == before.end() ? now : known->second).first;
    if (sure(*entry, now)) ++missing[owners.at(store)];
  }
  for (auto& node : nodes) {
    if (told.contains(node.id)) node.stores_missing = missing[node.id];
  }
  return lost;
}

StoreOwners owners_left(const std::map<StoreId, NodeId>& owners, const LostStores& lost,
                        WallTime now) {
  StoreOwners left{owners.begin(), owners.end()};
  for (const auto& each : lost) {
    if (sure(each, now)) left[each.first].reset();
  }
  return left;
}

std::string words_of_lost(const std::map<StoreId, NodeId>& owners, const LostStores& lost,
                          WallTime now) {
  std::vector<std::string> names;
  for (const auto& each : lost) {
    if (!sure(each, now)) continue;
    names.push_back(std::to_string(each.first.value) + " of n" +
                    std::to_string(owners.at(each.first).value));
  }
  if (names.empty()) return {};
  if (names.size() == 1) return "store " + names.front() + " is missing";
  constexpr std::size_t kNamed = 4;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i) {
    list += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kNamed) list += ", …";
  return std::to_string(names.size()) + " stores are missing: " + list;
}

}  // namespace faultline::observe
