#include "simulator/cluster/report.hpp"

namespace faultline::sim::cluster {

double metric_value(const Node& node, const std::string& name) {
  if (name == "liveness.livenodes") return static_cast<double>(node.livenodes());
  if (name == "liveness.heartbeatsuccesses") {
    return static_cast<double>(node.heartbeat().successes());
  }
  if (name == "liveness.heartbeatfailures") return static_cast<double>(node.heartbeat().failures());
  if (name == "liveness.heartbeatsinflight") return node.heartbeat().in_flight() ? 1 : 0;
  // One loop to itself and, per peer, two classes of connection.
  if (name == "rpc.heartbeats.nominal") return static_cast<double>(1 + 2 * node.healthy_peers());
  if (name == "rpc.heartbeats.initializing") {
    return static_cast<double>(2 * node.unhealthy_peers());
  }
  if (name == "sys.uptime") return static_cast<double>((node.now() - node.started_at()) / kSecond);
  if (name == "node-id") return static_cast<double>(node.self());
  return node.gauges().value(name);
}

}  // namespace faultline::sim::cluster
