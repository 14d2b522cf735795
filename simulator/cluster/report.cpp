#include "simulator/cluster/report.hpp"

#include <array>
#include <map>
#include <optional>

#include "simulator/cluster/layout.hpp"

namespace faultline::sim::cluster {
namespace {

using State = RpcLink::State;

std::int64_t loops(const Node& node, State state) {
  std::int64_t count = 0;
  for (const auto& [peer, link] : node.rpc_links()) count += link->count(state);
  return count;
}

// Connection gauges are sums over the connections: two to each peer and one to itself.
std::optional<double> connection_value(const Node& node, const std::string& name) {
  if (!name.starts_with("rpc.connection.")) return std::nullopt;
  double healthy_nanos = static_cast<double>(node.now() - node.started_at());
  double unhealthy_nanos = 0, latency = 0, heartbeats = 0, failures = 0;
  for (const auto& [peer, link] : node.rpc_links()) {
    const auto classes = static_cast<double>(RpcLink::kClasses);
    const double lasted = static_cast<double>(node.now() - link->changed_at()) * classes;
    (link->healthy() ? healthy_nanos : unhealthy_nanos) += lasted;
    if (link->healthy()) latency += link->latency() * classes;
    heartbeats += static_cast<double>(link->heartbeats());
    failures += static_cast<double>(link->failures());
  }
  const std::map<std::string, double> values = {
      {"rpc.connection.healthy", static_cast<double>(1 + loops(node, State::nominal))},
      {"rpc.connection.unhealthy",
       static_cast<double>(loops(node, State::failed) + loops(node, State::initializing))},
      {"rpc.connection.healthy_nanos", healthy_nanos},
      {"rpc.connection.unhealthy_nanos", unhealthy_nanos},
      {"rpc.connection.avg_round_trip_latency", latency},
      {"rpc.connection.heartbeats", heartbeats},
      {"rpc.connection.failures", failures}};
  const auto it = values.find(name);
  return it == values.end() ? 0 : it->second;
}

std::optional<double> heartbeat_value(const Node& node, const std::string& name) {
  // One loop to itself and, per peer, two classes of connection.
  if (name == "rpc.heartbeats.nominal") {
    return static_cast<double>(1 + loops(node, State::nominal));
  }
  if (name == "rpc.heartbeats.initializing") {
    return static_cast<double>(loops(node, State::initializing));
  }
  if (name == "rpc.heartbeats.failed") return static_cast<double>(loops(node, State::failed));
  if (name == "liveness.heartbeatsuccesses") {
    return static_cast<double>(node.heartbeat().successes());
  }
  if (name == "liveness.heartbeatfailures") return static_cast<double>(node.heartbeat().failures());
  if (name == "liveness.heartbeatsinflight") return node.heartbeat().in_flight() ? 1 : 0;
  return std::nullopt;
}

}  // namespace

std::vector<StoreNumber> stores_of(const Node& node, const MetricName& metric) {
  return metric.per_store ? node.store_ids() : std::vector<StoreNumber>{0};
}

double metric_value(const Node& node, const std::string& name, StoreNumber store) {
  if (const auto value = heartbeat_value(node, name)) return *value;
  if (const auto value = connection_value(node, name)) return *value;
  if (name == "liveness.livenodes") return static_cast<double>(node.livenodes());
  if (name == "leases.liveness") {
    const Replica* replica = node.replica(kLivenessRange);
    return replica != nullptr && replica->serves() && node.store_of(kLivenessRange) == store ? 1
                                                                                             : 0;
  }
  if (name == "sys.uptime") return static_cast<double>((node.now() - node.started_at()) / kSecond);
  if (name == "node-id") return static_cast<double>(node.self());
  return node.gauges().value(name, store);
}

std::vector<ConnectionValue> connection_values(const Node& node, const std::string& name) {
  constexpr std::array<const char*, RpcLink::kClasses> kNames = {"system", "default"};
  std::vector<ConnectionValue> values;
  const bool known = name == "rpc.connection.healthy" || name == "rpc.connection.unhealthy" ||
                     name == "rpc.connection.avg_round_trip_latency";
  if (!known || node.setting("server.child_metrics.enabled", "false") != "true") return values;
  for (const NodeDescriptor& each : node.nodes()) {
    const auto links = node.rpc_links();
    const auto it = links.find(each.node);
    if (it == links.end()) continue;
    for (std::size_t at = 0; at < RpcLink::kClasses; ++at) {
      const bool nominal = it->second->state(at) == State::nominal;
      double value = nominal ? 1 : 0;
      if (name == "rpc.connection.unhealthy") value = 1 - value;
      if (name == "rpc.connection.avg_round_trip_latency") value *= it->second->latency();
      values.push_back({each.node, each.address, kNames[at], value});
    }
  }
  return values;
}

bool shown_live(const Node& node, NodeNumber who, Time now) {
  if (node.profile().is_live_by_liveness()) {
    const auto record = node.liveness(who);
    return record && record->expiration > now;
  }
  return who == node.self() || node.gossip().value(row_key("gossip-clients", who), now).has_value();
}

const Histogram* histogram_of(const Node& node, const std::string& name) {
  return name == "round-trip-latency" ? &node.round_trips() : nullptr;
}

double histogram_count(const Node& node, const std::string& name) {
  if (name == "liveness.heartbeatlatency") {
    return static_cast<double>(node.heartbeat().successes());
  }
  const Histogram* histogram = histogram_of(node, name);
  return histogram == nullptr ? 0 : static_cast<double>(histogram->count());
}

}  // namespace faultline::sim::cluster
