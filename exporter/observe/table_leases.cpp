#include "exporter/observe/table_leases.hpp"

#include <algorithm>
#include <map>

namespace faultline::observe {

namespace {

using State = TableLeases::State;

TableLeases unknown(TableLeases leases, std::string reason) {
  leases.state = State::unknown;
  leases.reason = std::move(reason);
  return leases;
}

}  // namespace

TableLeases table_leases(const sources::TableName& table,
                         const std::optional<sources::LeaseholderDesk::Answer>& told,
                         const ImpactBasis* basis) {
  TableLeases leases{.table = sources::to_string(table)};
  if (!told) return leases;
  leases.read_at = told->at;
  if (!told->part) return unknown(std::move(leases), told->part.error().message);
  std::map<NodeId, std::int64_t> by_node;
  for (const auto& [store, count] : told->part->leases) {
    const StoreOwners none;
    const auto& owners = basis == nullptr ? none : basis->stores;
    const auto owner = owners.find(store);
    if (owner == owners.end() || !owner->second) {
      return unknown(std::move(leases),
                     "store " + std::to_string(store.value) +
                         " has leases of it, and no source has told whose store that is");
    }
    by_node[*owner->second] += count;
  }
  leases.state = State::known;
  leases.ranges = told->part->ranges;
  for (const auto& [node, count] : by_node) leases.holders.push_back({node, count});
  std::stable_sort(leases.holders.begin(), leases.holders.end(),
                   [](const auto& a, const auto& b) { return a.leases > b.leases; });
  return leases;
}

}  // namespace faultline::observe
