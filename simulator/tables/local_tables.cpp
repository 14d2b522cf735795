// Tables about the node that is asked, from its own memory.
#include <map>

#include "simulator/cluster/report.hpp"
#include "simulator/tables/settings.hpp"
#include "simulator/tables/virtual_table.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::Engine;
using cluster::MetricKind;
using cluster::Node;

void append_histogram(std::vector<Row>& rows, const Value& store, const std::string& name,
                      double count) {
  for (const char* suffix :
       {"-count", "-max", "-p50", "-p75", "-p90", "-p99", "-p99.9", "-p99.99", "-p99.999"}) {
    rows.push_back({store, name + suffix, std::string(suffix) == "-count" ? count : 0.0});
  }
}

Value store_of(const Node& node, const cluster::MetricName& metric) {
  if (metric.per_store) return node.self();
  return sql::Null{};
}

std::vector<Row> node_metrics(Node& node) {
  std::vector<Row> rows;
  for (const cluster::MetricName& metric : cluster::metric_names()) {
    const Value store = store_of(node, metric);
    const std::string name = metric.name;
    if (metric.kind == MetricKind::histogram) {
      const double count = name == "liveness.heartbeatlatency"
                               ? static_cast<double>(node.heartbeat().successes())
                               : 0;
      append_histogram(rows, store, name, count);
    } else {
      rows.push_back({store, name, cluster::metric_value(node, name)});
    }
  }
  return rows;
}

std::vector<Row> node_build_info(Node& node) {
  const std::pair<const char*, std::string> fields[] = {
      {"Name", "CockroachDB"},
      {"ClusterID", node.cluster_id()},
      {"Organization", ""},
      {"Build", cluster::kVersionText},
      {"Version", std::string(cluster::kBuildTag) + "-crdbsim"},
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
  append_url(rows, node.self(), "UI", "http", "", node.config().http_address, "/");
  return rows;
}

std::vector<Row> cluster_settings(Node& node) {
  std::vector<Row> rows;
  for (const Setting& setting : settings()) {
    rows.push_back({std::string(setting.name), node.setting(setting.name, setting.initial),
                    std::string(1, setting.type), setting.is_public,
                    std::string(setting.description)});
  }
  return rows;
}

}  // namespace

void add_local_tables(Engine& engine, TableList& tables) {
  add_table_from_memory(engine, tables,
                        make_schema("crdb_internal", "node_metrics", 4294967257U,
                                    "store_id int8?, name text, value float8"),
                        node_metrics);
  add_table_from_memory(engine, tables,
                        make_schema("crdb_internal", "node_build_info", 4294967293U,
                                    "node_id int8, field text, value text"),
                        node_build_info);
  add_table_from_memory(engine, tables,
                        make_schema("crdb_internal", "node_runtime_info", 4294967255U,
                                    "node_id int8, component text, field text, value text"),
                        node_runtime_info);
  add_table_from_memory(
      engine, tables,
      make_schema("crdb_internal", "cluster_settings", 4294967283U,
                  "variable text, value text, type text, public bool, description text"),
      cluster_settings);
}

}  // namespace faultline::sim::tables
