#include "simulator/http/pages.hpp"

#include <cmath>
#include <cstdio>
#include <map>
#include <vector>

#include "simulator/cluster/report.hpp"

namespace faultline::sim::http {
namespace {

using cluster::MetricKind;
using cluster::Node;
using cluster::Phase;

// Byte by byte as recorded: monitoring matches on these texts.
Page unavailable(const std::string& message) {
  return {503, "application/json",
          "{\n  \"error\": \"" + message + "\",\n  \"code\": 14,\n  \"message\": \"" + message +
              "\",\n  \"details\": [\n  ]\n}"};
}

Page health(const Node& node, bool ready) {
  const Page fine{200, "application/json", "{\n\n}"};
  if (!ready) return fine;
  switch (node.phase()) {
    case Phase::uninitialised: return unavailable("node is waiting for cluster initialization");
    case Phase::starting: return unavailable("liveness record not found");
    case Phase::draining: return unavailable("node is shutting down");
    case Phase::serving: break;
  }
  return node.live_now() ? fine : unavailable("node is not healthy");
}

std::string number(double value) {
  char text[40];
  if (std::abs(value) < 1e21 && value == std::floor(value)) {
    std::snprintf(text, sizeof text, "%.0f", value);
  } else {
    std::snprintf(text, sizeof text, "%.17g", value);
  }
  return text;
}

std::string exported(const std::string& name) {
  std::string out = name;
  for (char& letter : out) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0 && letter != '_') letter = '_';
  }
  return out;
}

const std::map<std::string, std::string>& helps() {
  static const std::map<std::string, std::string> kHelps = {
#include "simulator/http/metric_help.inc"
  };
  return kHelps;
}

std::string labels(const Node& node, const cluster::MetricName& metric, const std::string& name) {
  if (name == "build.timestamp") {
    return std::string("{tag=\"") + cluster::kBuildTag + "-crdbsim\",go_version=\"go1.19.8\"}";
  }
  if (name == "node-id") {
    return "{advertise_addr=\"" + node.config().address + "\",http_addr=\"" +
           node.config().http_address + "\",sql_addr=\"" + node.config().sql_address + "\"}";
  }
  return metric.per_store ? "{store=\"" + std::to_string(node.self()) + "\"}" : "";
}

void append_histogram(std::string& out, const std::string& name, bool per_store, double count,
                      const std::string& store) {
  const std::string bucket = per_store ? "{store=\"" + store + "\",le=\"+Inf\"}" : "{le=\"+Inf\"}";
  const std::string plain = per_store ? "{store=\"" + store + "\"}" : "";
  out += name + "_bucket" + bucket + " " + number(count) + "\n";
  out += name + "_sum" + plain + " 0\n";
  out += name + "_count" + plain + " " + number(count) + "\n";
}

std::string vars(const Node& node) {
  static constexpr const char* kKinds[] = {"gauge", "counter", "histogram"};
  std::string out;
  out.reserve(96U << 10U);
  for (const cluster::MetricName& metric : cluster::metric_names()) {
    const std::string name = metric.name;
    const std::string shown = exported(name);
    const auto help = helps().find(shown);
    if (help != helps().end()) out += "# HELP " + shown + " " + help->second + "\n";
    out += "# TYPE " + shown + " " + kKinds[static_cast<std::size_t>(metric.kind)] + "\n";
    if (metric.kind == MetricKind::histogram) {
      const double count = name == "liveness.heartbeatlatency"
                               ? static_cast<double>(node.heartbeat().successes())
                               : 0;
      append_histogram(out, shown, metric.per_store, count, std::to_string(node.self()));
      continue;
    }
    out += shown + labels(node, metric, name) + " " + number(metric_value(node, name)) + "\n";
  }
  return out;
}

}  // namespace

Page page(cluster::Engine& engine, std::string_view target) {
  const auto question = target.find('?');
  const std::string_view path = target.substr(0, question);
  const std::string_view query =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  return engine.with([&](Node& node) -> Page {
    if (path == "/health" || path == "/_admin/v1/health") {
      const bool ready = query.find("ready=1") != std::string_view::npos ||
                         query.find("ready=true") != std::string_view::npos;
      return health(node, ready);
    }
    const bool running = node.phase() == Phase::serving || node.phase() == Phase::draining;
    if (path == "/_status/vars" && running) {
      return {200, "text/plain; version=0.0.4; charset=utf-8", vars(node)};
    }
    return {404, "text/plain; charset=utf-8", "404 page not found\n"};
  });
}

}  // namespace faultline::sim::http
