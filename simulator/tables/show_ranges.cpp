// SHOW RANGES FROM TABLE and SHOW CLUSTER RANGES.
#include <nlohmann/json.hpp>

#include <algorithm>

#include "simulator/tables/range_rows.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::Descriptor;
using cluster::Engine;
using cluster::Node;

constexpr double kMegabyte = 1e6;

SqlResult<std::vector<Descriptor>> ranges_of(Engine& engine, const Context& context,
                                             const ShowRanges& asked) {
  auto found = read_descriptors(engine, context);
  auto* descriptors = std::get_if<std::vector<Descriptor>>(&found);
  if (descriptors != nullptr && asked.table_id) {
    std::erase_if(*descriptors,
                  [&](const Descriptor& each) { return each.table_id != *asked.table_id; });
  }
  return found;
}

/// 22.2 and before, and 23.1 while the old behaviour is on: always asks for leases.
Rows read_old(const TableMaker& maker, const Context& context, const ShowRanges& asked) {
  auto found = ranges_of(maker.engine, context, asked);
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  const auto& descriptors = std::get<std::vector<Descriptor>>(found);
  const auto leases = ask_each_lease(maker.engine, maker.profile, context, descriptors);
  if (const auto* error = std::get_if<SqlError>(&leases)) return *error;
  const auto& answers = std::get<std::vector<LeaseAnswer>>(leases);
  return maker.engine.with([&](Node& node) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      const std::int64_t holder = answers[i].holder;
      rows.push_back({sql::Null{}, sql::Null{}, descriptors[i].range,
                      static_cast<double>(answers[i].bytes) / kMegabyte, holder,
                      locality_of(node, descriptors[i], holder), descriptors[i].stores,
                      localities_of(node, descriptors[i])});
    }
    return rows;
  });
}

void append_lease(Node& node, Row& row, const Descriptor& range, const LeaseAnswer& lease) {
  if (!lease.error.empty()) {
    row.insert(row.end(), {sql::Null{}, sql::Null{}, sql::Null{}});
    return;
  }
  row.insert(row.end(), {static_cast<double>(lease.bytes) / kMegabyte, lease.holder,
                         locality_of(node, range, lease.holder)});
}

std::string span_stats(const LeaseAnswer& lease) {
  return nlohmann::json({{"approximate_disk_bytes", lease.bytes},
                         {"key_count", 0},
                         {"live_bytes", lease.bytes},
                         {"range_count", 1}})
      .dump();
}

Row new_row(Node& node, const ShowRanges& asked, const Descriptor& each, const LeaseAnswer* lease) {
  const bool whole = !asked.table_id;
  Row row = {whole ? each.start_pretty : std::string("…/<TableMin>"),
             whole ? each.end_pretty : std::string("…/<TableMax>")};
  if (asked.keys) row.insert(row.end(), {bytes_of(each.start_key), bytes_of(each.end_key)});
  row.emplace_back(each.range);
  if (asked.tables) {
    if (whole) row.emplace_back(each.database);
    row.insert(row.end(), {each.schema, each.table, each.table_id, std::string("…/<TableMin>"),
                           std::string("…/<TableMax>")});
  }
  if (lease != nullptr) append_lease(node, row, each, *lease);
  row.insert(row.end(), {each.stores, localities_of(node, each), each.stores, sql::IntArray{},
                         sql::IntArray{}, sql::Null{}});
  if (lease != nullptr) {
    const bool failed = !lease->error.empty();
    row.push_back(failed ? Value(sql::Null{}) : Value(lease->bytes));
    row.push_back(failed ? Value(sql::Null{}) : Value(span_stats(*lease)));
  }
  return row;
}

Rows read_new(const TableMaker& maker, const Context& context, const ShowRanges& asked) {
  auto found = ranges_of(maker.engine, context, asked);
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  const auto& descriptors = std::get<std::vector<Descriptor>>(found);
  std::vector<LeaseAnswer> answers;
  if (asked.details) {
    auto leases = ask_each_lease(maker.engine, maker.profile, context, descriptors);
    if (auto* error = std::get_if<SqlError>(&leases)) return *error;
    answers = std::move(std::get<std::vector<LeaseAnswer>>(leases));
  }
  return maker.engine.with([&](Node& node) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      rows.push_back(new_row(node, asked, descriptors[i], asked.details ? &answers[i] : nullptr));
    }
    return rows;
  });
}

std::string new_columns(const ShowRanges& asked) {
  std::string columns = "start_key text, end_key text, ";
  if (asked.keys) columns += "raw_start_key bytes, raw_end_key bytes, ";
  columns += "range_id int8, ";
  if (asked.tables) {
    if (!asked.table_id) columns += "database_name text, ";
    columns +=
        "schema_name text, table_name text, table_id int8, table_start_key text, "
        "table_end_key text, ";
  }
  if (asked.details) {
    columns += "range_size_mb float8?, lease_holder int8?, lease_holder_locality text?, ";
  }
  columns +=
      "replicas int8[], replica_localities text[], voting_replicas int8[], "
      "non_voting_replicas int8[], learner_replicas int8[], "
      "split_enforced_until timestamp?";
  if (asked.details) columns += ", range_size int8?, span_stats jsonb?";
  return columns;
}

// One table: SELECT on it until 22.2, ZONECONFIG from 23.1 on. The whole cluster: what
// crdb_internal.ranges_no_leases takes.
std::optional<SqlError> refused(const TableMaker& maker, const Context& context,
                                const ShowRanges& asked) {
  if (!asked.table_id) {
    return refuse_read(maker.roles, maker.profile, context, Guard::ranges, "ranges_no_leases");
  }
  const auto dot = asked.table.find('.');
  const bool select = !maker.profile.since(cluster::Release::v23_1);
  return refuse_table(maker.roles, context, select ? "SELECT" : "ZONECONFIG",
                      asked.table.substr(0, dot), asked.table.substr(dot + 1));
}

}  // namespace

std::unique_ptr<sql::Table> make_show_ranges(const TableMaker& maker, const ShowRanges& asked) {
  const bool options = asked.details || asked.keys || asked.tables;
  const bool old = has_old_ranges(maker.engine, maker.profile);
  // The old statement knew neither options nor the whole cluster; 23.1 takes both as soon
  // as the new behaviour is on.
  if (old && (options || !asked.table_id)) return nullptr;
  const std::string columns =
      old ? "start_key text?, end_key text?, range_id int8, range_size_mb float8, "
            "lease_holder int8, lease_holder_locality text, replicas int8[], "
            "replica_localities text[]"
          : new_columns(asked);
  return std::make_unique<VirtualTable>(make_schema("", "show_ranges", 0, columns),
                                        [maker, asked, old](const Context& context) -> Rows {
                                          if (auto no = refused(maker, context, asked)) return *no;
                                          return old ? read_old(maker, context, asked)
                                                     : read_new(maker, context, asked);
                                        });
}

}  // namespace faultline::sim::tables
