#include "exporter/sources/placement.hpp"

#include <algorithm>

#include "exporter/sources/cells.hpp"
#include "exporter/sources/dialect.hpp"

namespace faultline::sources {

// array_to_string, because replicas are INT[] here and INT2VECTOR in the view of old
// versions. One row a range: no version can be trusted to group by it cheaply.
const std::string PlacementSource::kStatement =
    "SELECT range_id, array_to_string(voting_replicas, ',') AS voters, start_pretty,"
    " array_to_string(replicas, ',') AS replicas,"
    " array_to_string(non_voting_replicas, ',') AS non_voters,"
    " array_to_string(learner_replicas, ',') AS learners"
    " FROM crdb_internal.ranges_no_leases";
const std::string PlacementSource::kStoresStatement =
    "SELECT node_id, store_id FROM crdb_internal.kv_store_status";
const std::string PlacementSource::kSettingStatement =
    "SELECT value FROM crdb_internal.cluster_settings"
    " WHERE variable = 'server.time_until_store_dead'";

namespace {

using Stores = std::vector<StoreId>;

/// Sorted. A column that the server does not have is an empty list.
Stores store_list(CellReader& cells, std::size_t column, std::string_view name) {
  const auto text = cells.maybe_text(column).value_or("");
  auto stores = parse_store_ids(text);
  if (!stores) {
    cells.fail(name, "\"" + text + "\"", "store ids, as 1,2,3");
    return {};
  }
  std::sort(stores->begin(), stores->end());
  return *stores;
}

/// Replicas of no other kind vote in the old half of a joint configuration.
Stores outgoing_voters(CellReader& cells, const Stores& voters) {
  auto left = store_list(cells, 3, "replicas");
  const auto non_voters = store_list(cells, 4, "non_voting_replicas");
  const auto learners = store_list(cells, 5, "learner_replicas");
  for (const auto* kind : {&voters, &non_voters, &learners}) {
    std::erase_if(
        left, [&](StoreId store) { return std::binary_search(kind->begin(), kind->end(), store); });
  }
  return left;
}

}  // namespace

Result<PlacementPart> parse_placement(const sql::Rows& rows) {
  std::map<std::pair<Stores, Stores>, VoterGroup> groups;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "ranges_no_leases row " + std::to_string(i + 1)};
    const auto id = cells.integer(0, "range_id");
    auto voters = store_list(cells, 1, "voting_replicas");
    if (voters.empty()) cells.fail("voting_replicas", "\"\"", "store ids, as 1,2,3");
    auto outgoing = outgoing_voters(cells, voters);
    if (cells.error()) return *cells.error();
    auto& group = groups[{std::move(voters), std::move(outgoing)}];
    ++group.ranges;
    if (static_cast<std::int64_t>(i) < PlacementPart::kNamedMax) {
      group.named.push_back({id, cells.maybe_text(2).value_or("")});
    }
  }
  if (groups.empty()) {
    return Error{ErrorCode::upstream, "the cluster lists no ranges; may the user see them?"};
  }
  PlacementPart part;
  for (auto& [stores, group] : groups) {
    group.voters = stores.first;
    group.outgoing = stores.second;
    part.groups.push_back(std::move(group));
  }
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
  auto rows = session_.query(kStatement, deadline);
  if (!rows && rows.error().code == ErrorCode::forbidden) {
    // The supported statement tells the same, where the server has it.
    const auto other = sql::placement_without_internals(session_.server_version());
    if (other) {
      auto told = session_.query(*other, deadline);
      if (told) rows = std::move(told);
    }
  }
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
