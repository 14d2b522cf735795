// Tables about the node that is asked, from its own memory.
#include <map>

#include "simulator/cluster/report.hpp"
#include "simulator/tables/settings.hpp"
#include "simulator/tables/virtual_table.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::MetricKind;
using cluster::Node;

void append_histogram(std::vector<Row>& rows, const Value& store, const Node& node,
                      const std::string& name) {
  const cluster::Histogram* histogram = cluster::histogram_of(node, name);
  rows.push_back({store, name + "-count", cluster::histogram_count(node, name)});
  rows.push_back(
      {store, name + "-max", static_cast<double>(histogram == nullptr ? 0 : histogram->max())});
  constexpr std::pair<const char*, double> kQuantiles[] = {
      {"-p50", 0.5},     {"-p75", 0.75},      {"-p90", 0.9},        {"-p99", 0.99},
      {"-p99.9", 0.999}, {"-p99.99", 0.9999}, {"-p99.999", 0.99999}};
  for (const auto& [suffix, fraction] : kQuantiles) {
    const auto value = histogram == nullptr ? 0 : histogram->quantile(fraction);
    rows.push_back({store, name + suffix, static_cast<double>(value)});
  }
}

// In two steps: GCC 12 doubts a conditional between two temporaries.
Value shown(cluster::StoreNumber store) {
  if (store != 0) return store;
  return sql::Null{};
}

std::vector<Row> node_metrics(Node& node) {
  std::vector<Row> rows;
  for (const cluster::MetricName& metric : cluster::metric_names(node.profile())) {
    const std::string name = metric.name;
    for (const cluster::StoreNumber id : cluster::stores_of(node, metric)) {
      const Value store = shown(id);
      if (metric.kind == MetricKind::histogram) {
        append_histogram(rows, store, node, name);
      } else {
        rows.push_back({store, name, cluster::metric_value(node, name, id)});
      }
    }
  }
  return rows;
}

std::vector<Row> node_build_info(Node& node) {
  const std::pair<const char*, std::string> fields[] = {{"Name", "CockroachDB"},
                                                        {"ClusterID", node.cluster_id()},
                                                        {"Organization", ""},
                                                        {"Build", node.profile().version_text()},
                                                        {"Version", node.profile().tag_text()},
                                                        {"Channel", "unknown"}};
  std::vector<Row> rows;
  for (const auto& [field, value] : fields) {
    rows.push_back({node.self(), std::string(field), value});
  }
  return rows;
}

void append_url(std::vector<Row>& rows, std::int64_t node, const std::string& component,
                const std::string& scheme, const std::string& user, const std::string& address,
                const std::string& uri) {
  const auto colon = address.rfind(':');
  const std::string at = user.empty() ? "" : user + "@";
  const std::pair<const char*, std::string> fields[] = {
      {"URL", scheme + "://" + at + address + (uri == "/" ? "" : uri)},
      {"Scheme", scheme},
      {"User", user},
      {"Host", address.substr(0, colon)},
      {"Port", address.substr(colon + 1)},
      {"URI", uri}};
  for (const auto& [field, value] : fields) {
    rows.push_back({node, component, std::string(field), value});
  }
}

std::vector<Row> node_runtime_info(Node& node) {
  std::vector<Row> rows;
  append_url(rows, node.self(), "DB", "postgresql", "root", node.config().sql_address,
             "/defaultdb?sslmode=disable");
  append_url(rows, node.self(), "UI", node.config().secure ? "https" : "http", "",
             node.config().http_address, "/");
  return rows;
}

std::vector<Row> cluster_settings(Node& node) {
  std::vector<Row> rows;
  for (const Setting* setting : settings(node.profile())) {
    const std::string key = "setting/" + std::string(setting->name);
    rows.push_back(setting_row(node.profile(), *setting,
                               node.setting(setting->name, setting->initial),
                               node.gossip().value(key, node.now()).has_value()));
  }
  return rows;
}

}  // namespace

void add_local_tables(const TableMaker& maker) {
  maker.add_from_memory(Guard::metadata, system_schema(maker.profile, "node_metrics"),
                        node_metrics);
  maker.add_from_memory(Guard::everyone, system_schema(maker.profile, "node_build_info"),
                        node_build_info);
  maker.add_from_memory(Guard::metadata, system_schema(maker.profile, "node_runtime_info"),
                        node_runtime_info);
  maker.add_from_memory(Guard::settings, system_schema(maker.profile, "cluster_settings"),
                        cluster_settings);
}

}  // namespace faultline::sim::tables
