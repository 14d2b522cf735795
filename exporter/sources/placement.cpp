#include "exporter/sources/placement.hpp"

#include <algorithm>

#include "exporter/sources/cells.hpp"

namespace faultline::sources {

// array_to_string, because replicas are INT[] here and INT2VECTOR in the view of old
// versions. One row a range: no version can be trusted to group by it cheaply.
const std::string PlacementSource::kStatement =
    "SELECT range_id, array_to_string(voting_replicas, ',') AS voters"
    " FROM crdb_internal.ranges_no_leases";
const std::string PlacementSource::kStoresStatement =
    "SELECT node_id, store_id FROM crdb_internal.kv_store_status";
const std::string PlacementSource::kSettingStatement =
    "SELECT value FROM crdb_internal.cluster_settings"
    " WHERE variable = 'server.time_until_store_dead'";

Result<PlacementPart> parse_placement(const sql::Rows& rows) {
  std::map<std::vector<StoreId>, std::int64_t> groups;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "ranges_no_leases row " + std::to_string(i + 1)};
    static_cast<void>(cells.integer(0, "range_id"));
    const auto text = cells.text(1, "voting_replicas");
    auto voters = parse_store_ids(text);
    if (!voters || voters->empty()) {
      cells.fail("voting_replicas", "\"" + text + "\"", "store ids, as 1,2,3");
    }
    if (cells.error()) return *cells.error();
    std::sort(voters->begin(), voters->end());
    ++groups[*voters];
  }
  if (groups.empty()) {
    return Error{ErrorCode::upstream, "the cluster lists no ranges; may the user see them?"};
  }
  PlacementPart part;
  for (auto& [voters, ranges] : groups) part.groups.push_back({voters, ranges});
  part.ranges = static_cast<std::int64_t>(rows.size());
  return part;
}

Result<std::map<StoreId, NodeId>> parse_stores(const sql::Rows& rows) {
  std::map<StoreId, NodeId> stores;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "kv_store_status row " + std::to_string(i + 1)};
    const NodeId node{cells.integer(0, "node_id")};
    const StoreId store{cells.integer(1, "store_id")};
    if (cells.error()) return *cells.error();
    stores.insert_or_assign(store, node);
  }
  return stores;
}

Result<PlacementPart> PlacementSource::read(Deadline deadline) {
  const auto rows = session_.query(kStatement, deadline);
  if (!rows) return rows.error();
  auto part = parse_placement(*rows);
  if (!part) return part;
  // Both only help: without them the metrics pages map the stores, and the cluster's
  // default of five minutes holds.
  if (const auto stores = session_.query_here(kStoresStatement, deadline)) {
    if (auto parsed = parse_stores(*stores)) part->stores = std::move(parsed).value();
  }
  if (const auto setting = session_.query_here(kSettingStatement, deadline);
      setting && !setting->empty() && !setting->front().empty() && setting->front().front()) {
    part->time_until_store_dead = parse_go_duration(*setting->front().front());
  }
  return part;
}

}  // namespace faultline::sources
