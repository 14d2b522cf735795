#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace faultline::sources {

/// The few numbers that we need of a node's /_status/vars. Store gauges are summed.
struct NodeVars {
  std::optional<NodeId> node_id;
  std::string advertise_address;
  std::string sql_address;
  std::string http_address;
  std::optional<std::int64_t> live_nodes;
  std::optional<std::int64_t> ranges;
  std::optional<std::int64_t> ranges_unavailable;
  std::optional<std::int64_t> ranges_underreplicated;
  std::optional<std::int64_t> replicas;
  std::optional<std::int64_t> leaseholders;
  /// Connections to other nodes by how their heartbeats go; two or three for each peer.
  /// rpc_heartbeats_* of old versions, rpc_connection_* of new ones.
  std::optional<std::int64_t> connections_good;
  std::optional<std::int64_t> connections_bad;
  std::map<NodeId, std::int64_t> bad_by_peer;  ///< With server.child_metrics.enabled only.
  std::vector<StoreId> stores;
};

/// Adds what the gauge `name` (as on the page, with underscores) says of one store or of the
/// node. True if it is one that we need; what is no count is left out.
bool add_gauge(NodeVars& vars, std::string_view name, std::optional<StoreId> store,
               std::string_view value);

/// One pass over the page (300 KB on a real node) that looks at the first letters of
/// each line only. Fails with `upstream` on a page that has no node_id gauge.
[[nodiscard]] Result<NodeVars> parse_vars(std::string_view page);

}  // namespace faultline::sources
