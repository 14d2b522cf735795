// What columns the system's tables have, release by release.
#include "simulator/tables/schemas.hpp"

#include <array>
#include <string>
#include <utility>

#include "common/base/ensure.hpp"

namespace faultline::sim::tables {
namespace {

using sql::TableSchema;
using sql::Type;

Type type_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Type>, 12> kTypes = {{
      {"int8", Type::int8},
      {"text", Type::text},
      {"name", Type::name},
      {"bool", Type::boolean},
      {"float8", Type::float8},
      {"timestamp", Type::timestamp},
      {"bytes", Type::bytes},
      {"jsonb", Type::jsonb},
      {"int8[]", Type::int8_array},
      {"text[]", Type::text_array},
      {"int2vector", Type::int2vector},
      {"decimal", Type::decimal},
  }};
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  FAULTLINE_ENSURE(false, "a schema in the source names a known type");
  return Type::text;
}

struct Fixed {
  const char* schema;
  const char* name;
  std::uint32_t oid;
  const char* columns;
};

// The same in all releases; the ids are the recorded ones.
constexpr std::array kFixed = {
    Fixed{"crdb_internal", "gossip_nodes", 4294967273U,
          "node_id int8, network text, address text, advertise_address text, "
          "sql_network text, sql_address text, advertise_sql_address text, attrs jsonb, "
          "locality text, cluster_name text, server_version text, build_tag text, "
          "started_at timestamp, is_live bool, ranges int8, leases int8"},
    Fixed{"crdb_internal", "gossip_liveness", 4294967271U,
          "node_id int8, epoch int8, expiration text, draining bool, "
          "decommissioning bool, membership text, updated_at timestamp?"},
    Fixed{"crdb_internal", "gossip_network", 4294967270U, "source_id int8, target_id int8"},
    Fixed{"crdb_internal", "gossip_alerts", 4294967272U,
          "node_id int8, store_id int8?, category text, description text, value float8"},
    Fixed{"crdb_internal", "node_metrics", 4294967257U, "store_id int8?, name text, value float8"},
    Fixed{"crdb_internal", "node_build_info", 4294967293U, "node_id int8, field text, value text"},
    Fixed{"crdb_internal", "node_runtime_info", 4294967255U,
          "node_id int8, component text, field text, value text"},
    Fixed{"crdb_internal", "kv_node_status", 4294967265U,
          "node_id int8, network text, address text, attrs jsonb, locality text, "
          "server_version text, go_version text, tag text, time text, revision text, "
          "cgo_compiler text, platform text, distribution text, type text, "
          "dependencies text, started_at timestamp, updated_at timestamp, metrics jsonb, "
          "args jsonb, env jsonb, activity jsonb"},
    Fixed{"crdb_internal", "kv_store_status", 4294967264U,
          "node_id int8, store_id int8, attrs jsonb, capacity int8, available int8, "
          "used int8, logical_bytes int8, range_count int8, lease_count int8, "
          "writes_per_second float8, bytes_per_replica jsonb, writes_per_replica jsonb, "
          "metrics jsonb, properties jsonb"},
    Fixed{"crdb_internal", "kv_node_liveness", 4294967274U,
          "node_id int8, epoch int8, expiration text, draining bool, membership text"},
    Fixed{"public", "rangelog", 13U,
          "timestamp timestamp, rangeID int8, storeID int8, eventType text, "
          "otherRangeID int8?, info text?, uniqueID int8"},
    Fixed{"public", "eventlog", 12U,
          "timestamp timestamp, eventType text, targetID int8, reportingID int8, "
          "info text?, uniqueID bytes"},
};

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

constexpr std::string_view kKeys =
    "range_id int8, start_key bytes, start_pretty text, end_key bytes, end_pretty text, ";
constexpr std::string_view kNames =
    "table_id int8, database_name text, schema_name text, table_name text, index_name text, ";
constexpr std::string_view kReplicas =
    "replicas int8[], replica_localities text[], voting_replicas int8[], "
    "non_voting_replicas int8[], learner_replicas int8[], split_enforced_until timestamp?";

// The view's columns can all be NULL.
std::string all_nullable(std::string columns) {
  std::string out;
  for (const char c : columns) {
    if (c == ',' && !out.ends_with('?')) out += '?';
    out += c;
  }
  return out.ends_with('?') ? out : out + "?";
}

std::string vectors(std::string columns) {
  for (std::size_t at = columns.find("int8[]"); at != std::string::npos;
       at = columns.find("int8[]", at)) {
    columns.replace(at, 6, "int2vector");
  }
  return columns;
}

std::string view_columns(const cluster::Profile& profile, bool names) {
  std::string replicas(kReplicas);
  if (profile.ranges_int2vector()) replicas = vectors(std::move(replicas));
  std::string columns = std::string(kKeys) + std::string(names ? kNames : "") + replicas +
                        ", lease_holder int8, range_size int8";
  if (profile.ranges_with_errors()) columns += ", errors text";
  return all_nullable(std::move(columns));
}

}  // namespace

TableSchema make_schema(std::string_view schema, std::string_view name, std::uint32_t oid,
                        std::string_view columns) {
  TableSchema made{std::string(schema), std::string(name), oid, {}, {}};
  while (!columns.empty()) {
    const auto comma = columns.find(", ");
    std::string_view each = columns.substr(0, comma);
    columns = comma == std::string_view::npos ? std::string_view() : columns.substr(comma + 2);
    const bool nullable = each.ends_with('?');
    if (nullable) each.remove_suffix(1);
    const auto space = each.find(' ');
    made.columns.push_back(
        {std::string(each.substr(0, space)), type_named(each.substr(space + 1)), nullable});
  }
  return made;
}

TableSchema system_schema(const cluster::Profile& profile, std::string_view name, bool names) {
  constexpr const char* kInternal = "crdb_internal";
  if (name == "cluster_settings") {
    return make_schema(kInternal, name, 4294967283U, settings_columns(profile));
  }
  if (name == "ranges_no_leases") {
    const std::string columns =
        std::string(kKeys) + std::string(names ? kNames : "") + std::string(kReplicas);
    return make_schema(kInternal, name, 4294967252U, columns);
  }
  if (name == "ranges") return make_schema(kInternal, name, 0, view_columns(profile, names));
  for (const Fixed& each : kFixed) {
    if (name == each.name) return make_schema(each.schema, each.name, each.oid, each.columns);
  }
  FAULTLINE_ENSURE(false, "the source names a table of the system");
  return {};
}

}  // namespace faultline::sim::tables
