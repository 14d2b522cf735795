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
  const auto own = node.liveness(node.self());
  if (own && own->membership != "active") return unavailable("node is shutting down");
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

// Without braces; node_id stands last, on every series of 23.1 and later.
std::string labels(const Node& node, const std::string& name, cluster::StoreNumber store) {
  std::string out;
  if (name == "build.timestamp") {
    out = "tag=\"" + node.profile().tag_text() + "\",go_version=\"" + node.profile().go_version +
          "\"";
  } else if (name == "node-id") {
    out = "advertise_addr=\"" + node.config().address + "\",http_addr=\"" +
          node.config().http_address + "\",sql_addr=\"" + node.config().sql_address + "\"";
  } else if (store != 0) {
    out = "store=\"" + std::to_string(store) + "\"";
  }
  if (!node.profile().labels_node()) return out;
  return out + (out.empty() ? "" : ",") + "node_id=\"" + std::to_string(node.self()) + "\"";
}

std::string braced(const std::string& labels) { return labels.empty() ? "" : "{" + labels + "}"; }

void append_histogram(std::string& out, const std::string& shown, const std::string& labels,
                      const cluster::Histogram* histogram, double count) {
  const std::string before = labels.empty() ? "{le=\"" : "{" + labels + ",le=\"";
  std::int64_t below = 0;
  if (histogram != nullptr) {
    for (const auto& [upper, fell] : histogram->buckets()) {
      below += fell;
      out += shown + "_bucket" + before + number(static_cast<double>(upper)) + "\"} " +
             std::to_string(below) + "\n";
    }
  }
  out += shown + "_bucket" + before + "+Inf\"} " + number(count) + "\n";
  out += shown + "_sum" + braced(labels) + " " +
         number(histogram == nullptr ? 0 : histogram->sum()) + "\n";
  out += shown + "_count" + braced(labels) + " " + number(count) + "\n";
}

std::string vars(const Node& node) {
  static constexpr const char* kKinds[] = {"gauge", "counter", "histogram"};
  std::string out;
  out.reserve(96U << 10U);
  for (const cluster::MetricName& metric : cluster::metric_names(node.profile())) {
    const std::string name = metric.name;
    const std::string shown = exported(name);
    const auto help = helps().find(shown);
    if (help != helps().end()) out += "# HELP " + shown + " " + help->second + "\n";
    out += "# TYPE " + shown + " " + kKinds[static_cast<std::size_t>(metric.kind)] + "\n";
    for (const cluster::StoreNumber store : stores_of(node, metric)) {
      const std::string labelled = labels(node, name, store);
      if (metric.kind == MetricKind::histogram) {
        append_histogram(out, shown, labelled, histogram_of(node, name),
                         histogram_count(node, name));
      } else {
        out += shown + braced(labelled) + " " + number(metric_value(node, name, store)) + "\n";
      }
    }
    const std::string labelled = labels(node, name, 0);
    for (const cluster::ConnectionValue& each : connection_values(node, name)) {
      const std::string child = labelled + ",remote_node_id=\"" + std::to_string(each.remote) +
                                "\",remote_addr=\"" + each.remote_address + "\",class=\"" +
                                each.connection_class + "\"";
      out += shown + braced(child) + " " + number(each.value) + "\n";
    }
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
