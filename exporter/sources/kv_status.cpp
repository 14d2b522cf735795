#include "exporter/sources/kv_status.hpp"

#include <algorithm>

#include "common/wire/activity_json.hpp"
#include "exporter/sources/cells.hpp"
#include "exporter/sources/placement.hpp"

namespace faultline::sources {

const std::string KvStatusSource::kNodesStatement =
    "SELECT node_id, updated_at, activity, now()::DECIMAL AS now_s"
    " FROM crdb_internal.kv_node_status";
const std::string KvStatusSource::kStoresStatement =
    "SELECT node_id, store_id, range_count, lease_count, capacity, available, used"
    " FROM crdb_internal.kv_store_status";
const std::string KvStatusSource::kSuspectStatement =
    "SELECT value FROM crdb_internal.cluster_settings"
    " WHERE variable = 'server.time_after_store_suspect'";

Result<std::vector<NodeStatus>> parse_node_status(const sql::Rows& rows) {
  std::vector<NodeStatus> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "kv_node_status row " + std::to_string(i + 1)};
    NodeStatus status;
    status.node = NodeId{cells.integer(0, "node_id")};
    const auto updated_at = cells.maybe_timestamp(1, "updated_at");
    const auto activity = cells.maybe_text(2);
    const auto now = cells.seconds(3, "now_s");
    if (cells.error()) return *cells.error();
    if (!updated_at || now - *updated_at > KvStatusSource::kStaleAfter) continue;
    status.updated_at = *updated_at;
    if (activity) {
      auto latencies = wire::read_peer_latencies(*activity);
      if (!latencies) {
        cells.fail("activity", "not readable (" + latencies.error().message + ")", "JSON");
        return *cells.error();
      }
      status.latency_ms = std::move(latencies).value();
    }
    found.push_back(std::move(status));
  }
  return found;
}

Result<std::vector<StoreStatus>> parse_store_status(const sql::Rows& rows) {
  std::vector<StoreStatus> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CellReader cells{rows[i], "kv_store_status row " + std::to_string(i + 1)};
    const NodeId node{cells.integer(0, "node_id")};
    const StoreId store{cells.integer(1, "store_id")};
    found.push_back({node, store, cells.integer(2, "range_count"), cells.integer(3, "lease_count"),
                     cells.integer(4, "capacity"), cells.integer(5, "available"),
                     cells.integer(6, "used")});
    if (cells.error()) return *cells.error();
  }
  return found;
}

/// Needed during an outage, when nobody can be asked: read before, and kept.
void KvStatusSource::read_settings(Deadline deadline) {
  constexpr milliseconds kEvery{600'000};
  if (clock_.steady() < setting_due_) return;
  setting_due_ = clock_.steady() + kEvery;
  read_duration(PlacementSource::kSettingStatement, deadline, time_until_store_dead_);
  read_duration(kSuspectStatement, deadline, time_after_store_suspect_);
}

void KvStatusSource::read_duration(const std::string& statement, Deadline deadline,
                                   std::optional<milliseconds>& to) {
  const auto rows = session_.query_here(statement, deadline);
  if (!rows || rows->empty() || rows->front().empty() || !rows->front().front()) return;
  const auto value = parse_go_duration(*rows->front().front());
  if (value) to = value;
}

Result<KvStatusPart> KvStatusSource::read(Deadline deadline) {
  const auto nodes = roster_.members().size();
  off_.clear();
  pause_ = nodes > kManyNodes ? kPauseOfMany : milliseconds{0};
  if (nodes > kTooManyNodes) {
    off_ = "off above " + std::to_string(kTooManyNodes) + " nodes (there are " +
           std::to_string(nodes) + "): the nodes' own gauges tell the same";
    return Error{ErrorCode::unavailable, off_};
  }
  const auto node_rows = session_.query(kNodesStatement, deadline);
  if (!node_rows) return node_rows.error();
  const auto store_rows = session_.query_here(kStoresStatement, deadline);
  if (!store_rows) return store_rows.error();
  auto node_status = parse_node_status(*node_rows);
  if (!node_status) return node_status.error();
  auto store_status = parse_store_status(*store_rows);
  if (!store_status) return store_status.error();
  read_settings(deadline);
  KvStatusPart part{std::move(node_status).value(), std::move(store_status).value(),
                    time_until_store_dead_, time_after_store_suspect_};
  std::erase_if(part.stores, [&](const StoreStatus& store) {
    return std::none_of(part.nodes.begin(), part.nodes.end(),
                        [&](const NodeStatus& node) { return node.node == store.node; });
  });
  return part;
}

}  // namespace faultline::sources
