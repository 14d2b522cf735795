// Tables whose rows live in ranges: they need those ranges' leaseholders, and hang without.
#include <nlohmann/json.hpp>

#include "simulator/cluster/layout.hpp"
#include "simulator/cluster/report.hpp"
#include "simulator/tables/virtual_table.hpp"

namespace faultline::sim::tables {
namespace {

using nlohmann::json;

/// One stored row to rows of the table.
using Convert = std::vector<Row> (*)(const std::string& key, const std::string& value);

std::int64_t number_after_slash(const std::string& key) {
  return std::strtoll(key.c_str() + key.find('/') + 1, nullptr, 10);
}

std::vector<Row> node_status(const std::string& key, const std::string& value) {
  const json status = json::parse(value, nullptr, false);
  if (!status.is_object()) return {};
  const auto text = [](const char* plain) { return std::string(plain); };
  const std::string address = status.value("address", "");
  const json args = {"crdbsim", "start", "--insecure", "--listen-addr=" + address};
  Row row = {number_after_slash(key),
             text("tcp"),
             address,
             text("[]"),
             status.value("locality", ""),
             status.value("server_version", ""),
             status.value("go_version", ""),
             status.value("build_tag", ""),
             text(""),
             text("crdbsim"),
             text("gcc 12.2.0"),
             text("linux amd64"),
             text("CCL"),
             text("development"),
             text(""),
             micros(status.value("started_at", std::int64_t{0})),
             micros(status.value("updated_at", std::int64_t{0})),
             text("{}"),
             args.dump(),
             text("[]"),
             status.value("activity", json::object()).dump()};
  return {row};
}

// Every node writes down those of its stores that are up: another's row ends with the next.
std::vector<Row> store_status(const std::string& key, const std::string& value) {
  const json status = json::parse(value, nullptr, false);
  if (!status.is_object()) return {};
  std::vector<Row> rows;
  const std::string quantiles = R"({"P10": 0, "P25": 0, "P50": 0, "P75": 0, "P90": 0, "PMax": 0})";
  for (const json& store : status.value("stores", json::array())) {
    const json metrics = store.value("metrics", json::object());
    const auto whole = [&metrics](const char* name) {
      return static_cast<std::int64_t>(metrics.value(name, 0.0));
    };
    rows.push_back({number_after_slash(key), store.value("store", std::int64_t{0}),
                    store.value("attributes", json::array()).dump(), whole("capacity"),
                    whole("capacity.available"), whole("capacity.used"), whole("livebytes"),
                    whole("replicas"), whole("replicas.leaseholders"), 0.0, quantiles, quantiles,
                    metrics.dump(), std::string(R"({"encrypted": false, "simulated": true})")});
  }
  return rows;
}

std::vector<Row> node_liveness(const std::string& /*key*/, const std::string& value) {
  const auto record = cluster::decode_liveness(value);
  if (!record) return {};
  const std::string nanos =
      std::to_string(cluster::kSecond + record->expiration % cluster::kSecond);
  return {{record->node, record->epoch,
           std::to_string(record->expiration / cluster::kSecond) + "." + nanos.substr(1) + ",0",
           record->draining, record->membership}};
}

std::vector<Row> rangelog(const std::string& /*key*/, const std::string& value) {
  const json log = json::parse(value, nullptr, false);
  if (!log.is_object()) return {};
  return {{sql::Micros{log.value("ts", std::int64_t{0})}, log.value("range", std::int64_t{0}),
           log.value("store", std::int64_t{0}), log.value("event", std::string()), sql::Null{},
           log.value("info", std::string()), log.value("unique", std::int64_t{0})}};
}

std::vector<Row> eventlog(const std::string& key, const std::string& value) {
  const json event = json::parse(value, nullptr, false);
  if (!event.is_object()) return {};
  const std::int64_t node = event.value("node", std::int64_t{0});
  return {{sql::Micros{event.value("ts", std::int64_t{0})}, event.value("type", std::string()),
           node, node, event.value("info", std::string()), key}};
}

void add(const TableMaker& maker, Guard guard, TableSchema schema, cluster::RangeNumber range,
         const char* prefix, Convert convert) {
  maker.add(guard, std::move(schema),
            [&engine = maker.engine, range, prefix, convert](const Context& context) -> Rows {
              if (auto error = need_database(engine, context)) return *error;
              auto found = read_range(engine, context, range, prefix);
              if (auto* error = std::get_if<SqlError>(&found)) return *error;
              std::vector<Row> rows;
              for (const auto& [key, value] :
                   std::get<std::vector<std::pair<std::string, std::string>>>(found)) {
                for (Row& row : convert(key, value)) rows.push_back(std::move(row));
              }
              return rows;
            });
}

}  // namespace

void add_kv_tables(const TableMaker& maker) {
  add(maker, Guard::metadata, system_schema(maker.profile, "kv_node_status"), cluster::kStatusRange,
      "status/", node_status);
  add(maker, Guard::metadata, system_schema(maker.profile, "kv_store_status"),
      cluster::kStatusRange, "status/", store_status);
  add(maker, Guard::metadata, system_schema(maker.profile, "kv_node_liveness"),
      cluster::kLivenessRange, "liveness/", node_liveness);
  add(maker, Guard::select, system_schema(maker.profile, "rangelog"), cluster::kRangeLogRange,
      "log/", rangelog);
  add(maker, Guard::select, system_schema(maker.profile, "eventlog"), cluster::kEventLogRange,
      "event/", eventlog);
}

}  // namespace faultline::sim::tables
