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

Value store_of(const Node& node, const cluster::MetricName& metric) {
  if (metric.per_store) return node.self();
  return sql::Null{};
}

std::vector<Row> node_metrics(Node& node) {
  std::vector<Row> rows;
  for (const cluster::MetricName& metric : cluster::metric_names(node.profile())) {
    const Value store = store_of(node, metric);
    const std::string name = metric.name;
    if (metric.kind == MetricKind::histogram) {
      append_histogram(rows, store, node, name);
    } else {
      rows.push_back({store, name, cluster::metric_value(node, name)});
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
  append_url(rows, node.self(), "UI", "http", "", node.config().http_address, "/");
  return rows;
}

std::vector<Row> cluster_settings(Node& node) {
  std::vector<Row> rows;
  for (const Setting* setting : settings(node.profile())) {
    Row row = {std::string(setting->name), node.setting(setting->name, setting->initial),
               std::string(1, setting->type), setting->is_public};
    if (node.profile().since(cluster::Release::v25_2)) {
      row.emplace_back(false);  // sensitive
      row.emplace_back(true);   // reportable
    }
    row.emplace_back(std::string(setting->description));
    if (node.profile().since(cluster::Release::v24_3)) {
      const bool overridden =
          node.gossip().value("setting/" + std::string(setting->name), node.now()).has_value();
      row.emplace_back(std::string(setting->initial));
      row.emplace_back(std::string(overridden ? "override" : "default"));
    }
    if (node.profile().since(cluster::Release::v25_2)) {
      row.emplace_back(std::string(setting->name));  // key
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// default_value and origin are what the debug zip of 24.x selects; the rest came with 25.x.
std::string_view settings_columns(const cluster::Profile& profile) {
  if (profile.since(cluster::Release::v25_2)) {
    return "variable text, value text, type text, public bool, sensitive bool, reportable bool, "
           "description text, default_value text, origin text, key text";
  }
  if (profile.since(cluster::Release::v24_3)) {
    return "variable text, value text, type text, public bool, description text, "
           "default_value text, origin text";
  }
  return "variable text, value text, type text, public bool, description text";
}

}  // namespace

void add_local_tables(const TableMaker& maker) {
  maker.add_from_memory(Guard::metadata,
                        make_schema("crdb_internal", "node_metrics", 4294967257U,
                                    "store_id int8?, name text, value float8"),
                        node_metrics);
  maker.add_from_memory(Guard::everyone,
                        make_schema("crdb_internal", "node_build_info", 4294967293U,
                                    "node_id int8, field text, value text"),
                        node_build_info);
  maker.add_from_memory(Guard::metadata,
                        make_schema("crdb_internal", "node_runtime_info", 4294967255U,
                                    "node_id int8, component text, field text, value text"),
                        node_runtime_info);
  maker.add_from_memory(Guard::settings,
                        make_schema("crdb_internal", "cluster_settings", 4294967283U,
                                    settings_columns(maker.profile)),
                        cluster_settings);
}

}  // namespace faultline::sim::tables
