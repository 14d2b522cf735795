// What the nodes of a fleet say over HTTP, and the numbers behind it.
#include "simulator/fleet/fleet.hpp"

#include <cctype>
#include <cmath>
#include <cstdio>

#include "simulator/cluster/engine.hpp"
#include "simulator/cluster/gauges.hpp"
#include "simulator/cluster/layout.hpp"

namespace faultline::sim::fleet {
namespace {

using cluster::MetricKind;
using cluster::MetricName;

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, value == std::floor(value) ? "%.0f" : "%.17g", value);
  return text;
}

std::string exported(std::string name) {
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
}

std::string labels(const FleetPlan& plan, std::int64_t node, std::int64_t store,
                   const std::string& name) {
  const FleetOptions& options = plan.options();
  std::string out;
  if (name == "node-id") {
    out = "advertise_addr=\"" + address_of(options, options.sql_port, node) + "\",http_addr=\"" +
          address_of(options, options.http_port, node) + "\",sql_addr=\"" +
          address_of(options, options.sql_port, node) + "\"";
  } else if (name == "build.timestamp") {
    out = "tag=\"" + options.profile->tag_text() + "\",go_version=\"" +
          options.profile->go_version + "\"";
  } else if (store != 0) {
    out = "store=\"" + std::to_string(store) + "\"";
  }
  if (options.profile->labels_node()) {
    out += std::string(out.empty() ? "" : ",") + "node_id=\"" + std::to_string(node) + "\"";
  }
  return out;
}

void append(std::string& out, const FleetPlan& plan, std::int64_t node, std::int64_t store,
            const MetricName& metric, cluster::Time now) {
  const std::string shown = exported(metric.name);
  const std::string inner = labels(plan, node, store, metric.name);
  const std::string outer = inner.empty() ? "" : "{" + inner + "}";
  const std::string value = number(metric_value(plan, node, store, metric.name, now));
  if (metric.kind != MetricKind::histogram) {
    out += shown + outer + " " + value + "\n";
    return;
  }
  out += shown + "_bucket{" + inner + (inner.empty() ? "" : ",") + "le=\"+Inf\"} 0\n";
  out += shown + "_sum" + outer + " 0\n" + shown + "_count" + outer + " 0\n";
}

std::string vars(const FleetPlan& plan, std::int64_t node, cluster::Time now) {
  static constexpr const char* kKindNames[] = {"gauge", "counter", "histogram"};
  std::string out;
  out.reserve(128U << 10U);
  for (const MetricName& metric : cluster::metric_names(*plan.options().profile)) {
    out += "# TYPE " + exported(metric.name) + " " +
           kKindNames[static_cast<std::size_t>(metric.kind)] + "\n";
    if (!metric.per_store) append(out, plan, node, 0, metric, now);
    for (std::int64_t at = 0; metric.per_store && at < plan.options().stores_per_node; ++at) {
      append(out, plan, node, node + at * plan.options().nodes, metric, now);
    }
  }
  return out;
}

double connection_value(const FleetPlan& plan, const std::string& name) {
  // One loop to itself, two classes of connection to each other node.
  const auto live = static_cast<double>(plan.options().nodes - plan.options().dead);
  const auto dead = static_cast<double>(plan.options().dead);
  if (name == "rpc.heartbeats.nominal" || name == "rpc.connection.healthy") {
    return 1 + 2 * (live - 1);
  }
  if (name == "rpc.heartbeats.initializing" || name == "rpc.connection.unhealthy") return 2 * dead;
  return 0;
}

double store_value(const FleetPlan& plan, std::int64_t store, const std::string& name) {
  const StoreTotals& totals = plan.totals(store);
  const auto value = [](std::int64_t count) { return static_cast<double>(count); };
  const bool leader = plan.options().profile->leader_leases();
  if (name == "replicas" || name == "replicas.quiescent") return value(totals.replicas);
  if (name == "ranges") return value(totals.ranges);
  if (name == "ranges.unavailable") return value(totals.unavailable);
  if (name == "ranges.underreplicated") return value(totals.underreplicated);
  if (name == "replicas.leaseholders" || name == "replicas.leaders") {
    return value(totals.leaseholders);
  }
  if (name == (leader ? "leases.leader" : "leases.epoch")) return value(totals.leaseholders);
  if (name == "leases.liveness") {
    return plan.leaseholder(plan.placement(cluster::kLivenessRange)) == store ? 1 : 0;
  }
  if (name == "capacity") return 1e12;
  if (name == "capacity.available") return 5e11;
  return 0;
}

http::Page unavailable(const std::string& message) {
  return {503, "application/json",
          "{\n  \"error\": \"" + message + "\",\n  \"code\": 14,\n  \"message\": \"" + message +
              "\",\n  \"details\": [\n  ]\n}"};
}

}  // namespace

double metric_value(const FleetPlan& plan, std::int64_t node, std::int64_t store,
                    const std::string& name, cluster::Time now) {
  if (store != 0) return store_value(plan, store, name);
  if (name == "node-id") return static_cast<double>(node);
  if (name == "liveness.livenodes") return static_cast<double>(plan.live_nodes());
  if (name == "sys.uptime") return static_cast<double>(now / cluster::kSecond % 1'000'000);
  return connection_value(plan, name);
}

cluster::Time expiration(const FleetPlan& plan, std::int64_t node, cluster::Time started,
                         cluster::Time now) {
  if (plan.lost() || plan.dead(node)) return started;
  const cluster::Timing timing(1.0, *plan.options().profile);
  const cluster::Time interval = timing.heartbeat_interval();
  const cluster::Time phase = node * 37 * cluster::kMillisecond % interval;
  return now - (now + phase) % interval + timing.liveness_ttl();
}

http::Page page(const FleetPlan& plan, std::int64_t node, cluster::Time /*started*/,
                std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/health" || path == "/_admin/v1/health") {
    const bool ready = target.find("ready=") != std::string_view::npos;
    if (ready && plan.lost()) return unavailable("node is not healthy");
    return {200, "application/json", "{\n\n}"};
  }
  if (path == "/_status/vars") {
    return {200, "text/plain; version=0.0.4; charset=utf-8", vars(plan, node, cluster::wall_now())};
  }
  return {404, "text/plain; charset=utf-8", "404 page not found\n"};
}

}  // namespace faultline::sim::fleet
