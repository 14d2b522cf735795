#pragma once

#include <string>
#include <vector>

#include "simulator/cluster/node.hpp"

namespace faultline::sim::cluster {

/// A metric's value now. Most are what the last 10 s tick found; liveness, counters and
/// connections are computed as they are asked for, as recorded. Of one store, or of the
/// node (store 0).
[[nodiscard]] double metric_value(const Node& node, const std::string& name, StoreNumber store);
/// The stores that have a series of that metric: all of the node's, or 0 alone.
[[nodiscard]] std::vector<StoreNumber> stores_of(const Node& node, const MetricName& metric);

/// One connection's share of a connection gauge.
struct ConnectionValue {
  NodeNumber remote = 0;
  std::string remote_address;
  const char* connection_class = "";
  double value = 0;
};
/// What server.child_metrics.enabled adds to rpc_connection_healthy, _unhealthy and
/// _avg_round_trip_latency: a series per connection. Empty while it is off.
[[nodiscard]] std::vector<ConnectionValue> connection_values(const Node& node,
                                                             const std::string& name);

/// gossip_nodes.is_live: by the liveness record, or by the 2 s gossip-clients key (22.1).
[[nodiscard]] bool shown_live(const Node& node, NodeNumber who, Time now);

/// The histogram of that name when the model keeps one, else null: it is there, and empty.
[[nodiscard]] const Histogram* histogram_of(const Node& node, const std::string& name);
/// How often something of that name was measured.
[[nodiscard]] double histogram_count(const Node& node, const std::string& name);

}  // namespace faultline::sim::cluster
