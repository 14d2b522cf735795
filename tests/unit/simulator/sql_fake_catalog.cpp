#include "tests/unit/simulator/sql_fake_catalog.hpp"

namespace faultline::sim::sql {
namespace {

// 2026-11-23 09:26:42.173583
constexpr Micros kStarted{1795426002173583};

std::string text(const char* value) { return value; }

std::vector<Row> metric_rows() {
  std::vector<Row> rows;
  for (std::int64_t number = 0; number < 2000; ++number) {
    rows.push_back({number % 2 == 0 ? Value(Null{}) : Value(std::int64_t{1}),
                    "metric." + std::to_string(number), static_cast<double>(number) / 4});
  }
  rows.push_back({std::int64_t{1}, text("ranges"), 65.0});
  rows.push_back({Null{}, text("liveness.livenodes"), 3.0});
  return rows;
}

std::vector<Row> range_rows() {
  return {{std::int64_t{1}, std::string(), text("/Min"), IntArray{1, 2, 3},
           TextArray{"region=local,zone=z1", "region=local,zone=z2"}, IntArray{1, 3, 2}, IntArray{},
           IntArray{}, Null{}},
          {std::int64_t{2}, std::string("\x04\x00live", 6), text("/System/NodeLiveness"),
           IntArray{1, 2, 4}, TextArray{}, IntArray{1, 2, 4}, IntArray{}, IntArray{}, kStarted}};
}

}  // namespace

FakeCatalog::FakeCatalog() {
  const auto column = [](const char* name, Type type, bool nullable = false) {
    return Column{name, type, nullable};
  };
  add("",
      {"crdb_internal",
       "gossip_nodes",
       4294967273,
       {column("node_id", Type::int8), column("address", Type::text),
        column("sql_address", Type::text), column("attrs", Type::jsonb),
        column("locality", Type::text), column("build_tag", Type::text),
        column("started_at", Type::timestamp), column("is_live", Type::boolean),
        column("ranges", Type::int8), column("leases", Type::int8)},
       {}},
      {{std::int64_t{1}, text("127.0.0.1:26257"), text("127.0.0.1:26257"), text("[]"),
        text("region=local,zone=z1"), text("v22.1.0"), kStarted, true, std::int64_t{65},
        std::int64_t{31}},
       {std::int64_t{2}, text("127.0.0.1:26258"), text("127.0.0.1:26258"), text("[]"),
        text("region=local,zone=z2"), text("v22.1.0"), kStarted, false, std::int64_t{65},
        std::int64_t{17}}});
  add("",
      {"crdb_internal",
       "gossip_liveness",
       4294967271,
       {column("node_id", Type::int8), column("epoch", Type::int8),
        column("expiration", Type::text), column("draining", Type::boolean),
        column("membership", Type::text), column("updated_at", Type::timestamp, true)},
       {}},
      {{std::int64_t{1}, std::int64_t{4}, text("9795426024.688468321,0"), false, text("active"),
        kStarted},
       {std::int64_t{2}, std::int64_t{1}, text("1795426.5,0"), false, text("active"), Null{}},
       {std::int64_t{3}, std::int64_t{1}, text("1795427.25,0"), true, text("active"), Null{}}});
  add("",
      {"crdb_internal",
       "node_metrics",
       4294967257,
       {column("store_id", Type::int8, true), column("name", Type::text),
        column("value", Type::float8)},
       {}},
      metric_rows());
  add("",
      {"crdb_internal",
       "ranges_no_leases",
       4294967252,
       {column("range_id", Type::int8), column("start_key", Type::bytes),
        column("start_pretty", Type::text), column("replicas", Type::int8_array),
        column("replica_localities", Type::text_array), column("voting_replicas", Type::int8_array),
        column("non_voting_replicas", Type::int8_array),
        column("learner_replicas", Type::int8_array),
        column("split_enforced_until", Type::timestamp, true)},
       {}},
      range_rows());
  add("",
      {"crdb_internal",
       "kv_store_status",
       4294967264,
       {column("node_id", Type::int8), column("store_id", Type::int8),
        column("range_count", Type::int8), column("metrics", Type::jsonb)},
       {}},
      {{std::int64_t{1}, std::int64_t{1}, std::int64_t{65},
        text(R"({"a": {"b": [1, 2, "x"]}, "ranges": 41, "ranges.unavailable": 1.3E+1})")}});
  add("", {"show_databases", "", 0, {column("database_name", Type::text)}, {}},
      {{text("app")}, {text("system")}});
  add("",
      {"show_ranges",
       "app.kv",
       0,
       {column("range_id", Type::int8), column("lease_holder", Type::int8)},
       {}},
      {{std::int64_t{44}, std::int64_t{2}}});
  add("app", {"public", "kv", 106, {column("k", Type::int8), column("v", Type::text, true)}, {0}},
      {{std::int64_t{1}, text("one")}, {std::int64_t{2}, Null{}}});
}

}  // namespace faultline::sim::sql
