// The tables of a fleet's node. Those from memory always answer; those from KV hang once
// the system's ranges are lost.
#include <algorithm>
#include <functional>
#include <thread>

#include <nlohmann/json.hpp>

#include "simulator/cluster/engine.hpp"
#include "simulator/cluster/gauges.hpp"
#include "simulator/fleet/fleet.hpp"
#include "simulator/tables/range_rows.hpp"
#include "simulator/tables/schemas.hpp"
#include "simulator/tables/settings.hpp"
#include "simulator/tables/virtual_table.hpp"

namespace faultline::sim::fleet {
namespace {

using nlohmann::json;
using sql::Context;
using sql::Row;
using sql::SqlError;
using sql::Value;
using tables::micros;
using Rows = sql::SqlResult<std::vector<Row>>;

/// What a reader works on.
struct View {
  const FleetPlan& plan;
  std::int64_t node;
  cluster::Time started;
  cluster::Time now;
};

using Reader = std::vector<Row> (*)(const View&);

SqlError read_only() { return {"0A000", "unimplemented: a fleet can only be read"}; }

std::string text(const char* plain) { return plain; }

std::string expiration_text(cluster::Time expiration) {
  const std::string nanos = std::to_string(cluster::kSecond + expiration % cluster::kSecond);
  return std::to_string(expiration / cluster::kSecond) + "." + nanos.substr(1) + ",0";
}

// Of all stores of a node; as gossip tells, so of a dead one nothing.
StoreTotals node_totals(const FleetPlan& plan, std::int64_t node) {
  StoreTotals sum;
  for (std::int64_t at = 0; at < plan.options().stores_per_node; ++at) {
    const StoreTotals& each = plan.totals(node + at * plan.options().nodes);
    sum.replicas += each.replicas;
    sum.leaseholders += each.leaseholders;
  }
  return sum;
}

std::vector<Row> gossip_nodes(const View& view) {
  const FleetOptions& options = view.plan.options();
  std::vector<Row> rows;
  for (std::int64_t node = 1; node <= options.nodes; ++node) {
    const std::string sql = address_of(options, options.sql_port, node);
    const bool by_liveness = options.profile->is_live_by_liveness();
    const bool is_live = by_liveness
                             ? expiration(view.plan, node, view.started, view.now) > view.now
                             : !view.plan.dead(node);
    const StoreTotals totals = view.plan.dead(node) ? StoreTotals{} : node_totals(view.plan, node);
    rows.push_back({node, text("tcp"), sql, sql, text("tcp"), sql, sql, text("[]"),
                    view.plan.locality(node), text(""), text(options.profile->server_version),
                    options.profile->tag_text(), micros(view.started), is_live, totals.replicas,
                    totals.leaseholders});
  }
  return rows;
}

std::vector<Row> gossip_liveness(const View& view) {
  std::vector<Row> rows;
  for (std::int64_t node = 1; node <= view.plan.options().nodes; ++node) {
    const cluster::Time until = expiration(view.plan, node, view.started, view.now);
    rows.push_back({node, std::int64_t{1}, expiration_text(until), false, false, text("active"),
                    micros(view.now)});
  }
  return rows;
}

std::vector<Row> kv_node_liveness(const View& view) {
  std::vector<Row> rows = gossip_liveness(view);
  for (Row& row : rows) row = {row[0], row[1], row[2], row[3], row[5]};
  return rows;
}

std::vector<Row> nothing(const View& /*view*/) { return {}; }

std::vector<Row> gossip_alerts(const View& view) {
  std::vector<Row> rows;
  for (std::int64_t store = 1; store <= view.plan.stores(); ++store) {
    const StoreTotals& totals = view.plan.totals(store);
    for (const auto& [name, count] : {std::pair("ranges.unavailable", totals.unavailable),
                                      {"ranges.underreplicated", totals.underreplicated}}) {
      if (count == 0) continue;
      rows.push_back({view.plan.node_of(store), store, text("metrics"), text(name),
                      static_cast<double>(count)});
    }
  }
  return rows;
}

std::vector<Row> node_metrics(const View& view) {
  std::vector<Row> rows;
  for (const cluster::MetricName& metric : cluster::metric_names(*view.plan.options().profile)) {
    const std::string name = metric.name;
    const bool histogram = metric.kind == cluster::MetricKind::histogram;
    const auto add = [&](std::int64_t store) {
      rows.push_back({store == 0 ? Value(sql::Null{}) : Value(store),
                      histogram ? name + "-count" : name,
                      metric_value(view.plan, view.node, store, name, view.now)});
    };
    if (!metric.per_store) add(0);
    for (std::int64_t at = 0; metric.per_store && at < view.plan.options().stores_per_node; ++at) {
      add(view.node + at * view.plan.options().nodes);
    }
  }
  return rows;
}

std::vector<Row> node_build_info(const View& view) {
  const cluster::Profile& profile = *view.plan.options().profile;
  std::vector<Row> rows;
  for (const auto& [field, value] : {std::pair("Name", text("CockroachDB")),
                                     {"ClusterID", text("fleet-of-the-simulator")},
                                     {"Organization", text("")},
                                     {"Build", profile.version_text()},
                                     {"Version", profile.tag_text()},
                                     {"Channel", text("unknown")}}) {
    rows.push_back({view.node, text(field), value});
  }
  return rows;
}

std::vector<Row> node_runtime_info(const View& view) {
  const FleetOptions& options = view.plan.options();
  std::vector<Row> rows;
  for (const auto& [component, scheme, port] :
       {std::tuple("DB", "postgresql", options.sql_port), {"UI", "http", options.http_port}}) {
    const std::string where = address_of(options, port, view.node);
    for (const auto& [field, value] : {std::pair("URL", std::string(scheme) + "://" + where),
                                       {"Scheme", std::string(scheme)},
                                       {"User", std::string()},
                                       {"Host", options.host},
                                       {"Port", std::to_string(port + view.node - 1)},
                                       {"URI", std::string("/")}}) {
      rows.push_back({view.node, text(component), text(field), value});
    }
  }
  return rows;
}

std::vector<Row> cluster_settings(const View& view) {
  std::vector<Row> rows;
  const cluster::Profile& profile = *view.plan.options().profile;
  for (const tables::Setting* setting : tables::settings(profile)) {
    rows.push_back(tables::setting_row(profile, *setting, setting->initial, false));
  }
  return rows;
}

std::vector<Row> kv_node_status(const View& view) {
  const FleetOptions& options = view.plan.options();
  std::vector<Row> rows;
  for (std::int64_t node = 1; node <= options.nodes; ++node) {
    // A dead node's row stays as it last wrote it.
    const cluster::Time updated = view.plan.dead(node) ? view.started : view.now;
    rows.push_back({node,
                    text("tcp"),
                    address_of(options, options.sql_port, node),
                    text("[]"),
                    view.plan.locality(node),
                    text(options.profile->server_version),
                    text(options.profile->go_version),
                    options.profile->tag_text(),
                    text(""),
                    text("crdbsim"),
                    text("gcc 12.2.0"),
                    text("linux amd64"),
                    text("CCL"),
                    text("development"),
                    text(""),
                    micros(view.started),
                    micros(updated),
                    text("{}"),
                    text("[]"),
                    text("[]"),
                    text("{}")});
  }
  return rows;
}

std::vector<Row> kv_store_status(const View& view) {
  std::vector<Row> rows;
  const std::string quantiles = R"({"P10": 0, "P25": 0, "P50": 0, "P75": 0, "P90": 0, "PMax": 0})";
  for (std::int64_t store = 1; store <= view.plan.stores(); ++store) {
    const StoreTotals& totals = view.plan.totals(store);
    const json metrics = {{"ranges", totals.ranges},
                          {"ranges.unavailable", totals.unavailable},
                          {"ranges.underreplicated", totals.underreplicated},
                          {"replicas", totals.replicas},
                          {"replicas.leaseholders", totals.leaseholders}};
    rows.push_back({view.plan.node_of(store), store, text("[]"), std::int64_t{1'000'000'000'000},
                    std::int64_t{500'000'000'000}, std::int64_t{500'000'000'000}, std::int64_t{0},
                    totals.replicas, totals.leaseholders, 0.0, quantiles, quantiles, metrics.dump(),
                    text(R"({"encrypted": false, "simulated": true})")});
  }
  return rows;
}

Row range_row(const View& view, cluster::RangeNumber range, bool names) {
  const cluster::Descriptor each = view.plan.descriptor(range);
  sql::IntArray sorted = each.stores;
  std::ranges::sort(sorted);
  sql::TextArray localities;
  for (const std::int64_t store : sorted) {
    localities.emplace_back(view.plan.locality(view.plan.node_of(store)));
  }
  Row row;
  row.reserve(19);
  row.insert(row.end(), {each.range, tables::bytes_of(each.start_key), each.start_pretty,
                         tables::bytes_of(each.end_key), each.end_pretty});
  if (names) {
    row.insert(row.end(), {each.table_id, each.database, each.schema, each.table, std::string()});
  }
  row.insert(row.end(), {sorted, std::move(localities), each.stores, sql::IntArray{},
                         sql::IntArray{}, sql::Null{}});
  return row;
}

Rows ranges(const View& view, const Context& context, bool with_leases) {
  const cluster::Profile& profile = *view.plan.options().profile;
  std::vector<Row> rows;
  rows.reserve(static_cast<std::size_t>(view.plan.options().ranges));
  for (cluster::RangeNumber range = 1; range <= view.plan.options().ranges; ++range) {
    if (context.cancelled != nullptr && context.cancelled->load()) {
      return tables::wait_error(cluster::WaitEnd::cancelled);
    }
    Row row = range_row(view, range, !profile.ranges_without_names());
    if (with_leases) {
      const std::int64_t holder = view.plan.leaseholder(view.plan.placement(range));
      row.push_back(holder == 0 ? Value(sql::Null{}) : Value(holder));
      row.emplace_back(std::int64_t{0});
      const bool failed = holder == 0;
      if (profile.ranges_with_errors()) {
        row.push_back(failed ? Value(std::string("replica unavailable")) : Value(sql::Null{}));
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// As long as the statement waits; for ever, if nobody loses patience.
SqlError wait_in_vain(const Context& context) {
  std::mutex idle;
  std::condition_variable never;
  std::unique_lock lock(idle);
  while (true) {
    if (context.cancelled != nullptr && context.cancelled->load()) {
      return tables::wait_error(cluster::WaitEnd::cancelled);
    }
    if (context.deadline && std::chrono::steady_clock::now() >= *context.deadline) {
      return tables::wait_error(cluster::WaitEnd::timed_out);
    }
    never.wait_for(lock, std::chrono::milliseconds(20));
  }
}

struct Kind {
  const char* name;
  Reader read;
  bool from_kv;
};

constexpr Kind kKinds[] = {{"gossip_nodes", gossip_nodes, false},
                           {"gossip_liveness", gossip_liveness, false},
                           {"gossip_network", nothing, false},
                           {"gossip_alerts", gossip_alerts, false},
                           {"node_metrics", node_metrics, false},
                           {"node_build_info", node_build_info, false},
                           {"node_runtime_info", node_runtime_info, false},
                           {"cluster_settings", cluster_settings, false},
                           {"kv_node_status", kv_node_status, true},
                           {"kv_store_status", kv_store_status, true},
                           {"kv_node_liveness", kv_node_liveness, true},
                           {"rangelog", nothing, true},
                           {"eventlog", nothing, true}};

}  // namespace

FleetCatalog::FleetCatalog(const FleetPlan& plan, std::int64_t node, cluster::Time started)
    : plan_(plan), node_(node) {
  const cluster::Profile& profile = *plan.options().profile;
  const auto add = [&](const char* name, tables::VirtualTable::Reader reader) {
    tables_[name] = std::make_unique<tables::VirtualTable>(
        tables::system_schema(profile, name, !profile.ranges_without_names()), std::move(reader));
  };
  for (const Kind& kind : kKinds) {
    add(kind.name, [&plan, node, started, kind](const Context& context) -> Rows {
      if (kind.from_kv && plan.lost()) return wait_in_vain(context);
      return kind.read({plan, node, started, cluster::wall_now()});
    });
  }
  for (const bool with_leases : {false, true}) {
    add(with_leases ? "ranges" : "ranges_no_leases",
        [&plan, node, started, with_leases](const Context& context) -> Rows {
          const bool per_range = plan.options().profile->ranges_with_errors();
          if (plan.lost() || (with_leases && !per_range && plan.options().dead > 0)) {
            return wait_in_vain(context);
          }
          return ranges({plan, node, started, cluster::wall_now()}, context, with_leases);
        });
  }
}

sql::NodeIdentity FleetCatalog::identity() const {
  const cluster::Profile& profile = *plan_.options().profile;
  sql::NodeIdentity made{node_, "fleet-of-the-simulator", profile.version_text()};
  if (profile.has_unsafe_internals()) made.unsafe_internals = !profile.unsafe_internals_off();
  return made;
}

sql::Table* FleetCatalog::find_table(std::string_view database, std::string_view schema,
                                     std::string_view name) {
  const auto found = tables_.find(name);
  if (found == tables_.end() || found->second->schema().schema != schema) return nullptr;
  return schema == "public" && database != "system" ? nullptr : found->second.get();
}

std::vector<const sql::TableSchema*> FleetCatalog::list_tables(std::string_view database,
                                                               std::string_view schema) const {
  std::vector<const sql::TableSchema*> all;
  for (const auto& [name, table] : tables_) {
    const bool here = schema != "public" || database == "system";
    if (here && table->schema().schema == schema) all.push_back(&table->schema());
  }
  return all;
}

bool FleetCatalog::has_database(std::string_view database) const {
  return database == "system" || database == "defaultdb" || database == "postgres" ||
         database == "fleet";
}

sql::SqlResult<std::monostate> FleetCatalog::create_database(const Context&, const std::string&,
                                                             bool) {
  return read_only();
}
sql::SqlResult<std::monostate> FleetCatalog::create_table(const Context&, const std::string&,
                                                          sql::TableSchema, bool) {
  return read_only();
}
sql::SqlResult<std::monostate> FleetCatalog::drop_table(const Context&, const std::string&,
                                                        const std::string&, bool) {
  return read_only();
}
std::optional<std::string> FleetCatalog::cluster_setting(const std::string& name) const {
  const tables::Setting* setting = tables::find_setting(*plan_.options().profile, name);
  return setting == nullptr ? std::nullopt : std::optional<std::string>(setting->initial);
}
sql::SqlResult<std::monostate> FleetCatalog::set_cluster_setting(const Context&, const std::string&,
                                                                 const std::string&) {
  return read_only();
}

}  // namespace faultline::sim::fleet
