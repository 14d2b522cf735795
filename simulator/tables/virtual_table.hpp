#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/cluster/engine.hpp"
#include "simulator/sql/catalog.hpp"
#include "simulator/tables/access.hpp"
#include "simulator/tables/schemas.hpp"

namespace faultline::sim::tables {

using sql::Context;
using sql::KeyFilter;
using sql::Row;
using sql::SqlError;
using sql::SqlResult;
using sql::TableSchema;
using sql::Value;

using Rows = SqlResult<std::vector<Row>>;

/// A read-only table whose rows are made when it is asked. Any thread.
class VirtualTable final : public sql::Table {
 public:
  using Reader = std::function<Rows(const Context&)>;
  VirtualTable(TableSchema schema, Reader reader)
      : schema_(std::move(schema)), reader_(std::move(reader)) {}

  const TableSchema& schema() const override { return schema_; }
  Rows read(const Context& context, const KeyFilter& /*filter*/) override {
    return reader_(context);
  }
  SqlResult<std::int64_t> upsert(const Context& context, const std::vector<Row>& rows,
                                 bool must_be_new) override;
  SqlResult<std::int64_t> erase(const Context& context, const std::vector<Row>& rows) override;

 private:
  TableSchema schema_;
  Reader reader_;
};

using TableList = std::vector<std::unique_ptr<sql::Table>>;

/// What the system's tables are made from, and the list they go into. The references
/// outlive the tables.
struct TableMaker {
  cluster::Engine& engine;
  Roles& roles;
  const cluster::Profile& profile;
  TableList& list;

  /// A table whose reader is asked once the user may read it.
  void add(Guard guard, TableSchema schema, VirtualTable::Reader reader) const;
  /// Its rows are known to this node by itself: no KV read but that of the database.
  void add_from_memory(Guard guard, TableSchema schema,
                       std::vector<Row> (*rows)(cluster::Node&)) const;
};

/// The error of a statement whose wait ended without an answer.
[[nodiscard]] SqlError wait_error(cluster::WaitEnd end);
[[nodiscard]] cluster::Patience patience_of(const Context& context);

/// A session in another database than system first looks its database up, and that is
/// a KV read unless this node has done it before: without quorum it hangs.
[[nodiscard]] std::optional<SqlError> need_database(cluster::Engine& engine,
                                                    const Context& context);

/// Sends one request to its range and waits. Errors: the wait ended (57014), or a circuit
/// breaker answered (58C00; 40003 for a write that may have happened; XXUUU in 22.1).
[[nodiscard]] SqlResult<cluster::KvReply> ask_range(cluster::Engine& engine, const Context& context,
                                                    const cluster::KvRequest& request);
/// The error for a reply of status `unavailable`.
[[nodiscard]] SqlError unavailable_error(cluster::Engine& engine, const cluster::KvReply& reply);

/// Rows of a range whose keys begin with `prefix`, or why there are none.
[[nodiscard]] SqlResult<std::vector<std::pair<std::string, std::string>>> read_range(
    cluster::Engine& engine, const Context& context, cluster::RangeNumber range,
    const std::string& prefix);

[[nodiscard]] inline Value micros(cluster::Time time) { return sql::Micros{time / 1000}; }

void add_gossip_tables(const TableMaker& maker);
void add_local_tables(const TableMaker& maker);
void add_kv_tables(const TableMaker& maker);
void add_range_tables(const TableMaker& maker);

/// What SHOW RANGES was asked for.
struct ShowRanges {
  std::optional<std::int64_t> table_id;  ///< Absent: SHOW CLUSTER RANGES.
  std::string table;
  bool details = false, keys = false, tables = false;
};
/// Null when this release has no such statement.
[[nodiscard]] std::unique_ptr<sql::Table> make_show_ranges(const TableMaker& maker,
                                                           const ShowRanges& asked);
/// Whether SHOW RANGES and ranges_no_leases still have their old columns.
[[nodiscard]] bool has_old_ranges(cluster::Engine& engine, const cluster::Profile& profile);
/// Every range's descriptor in key order with its true end, from meta2.
[[nodiscard]] SqlResult<std::vector<cluster::Descriptor>> read_descriptors(cluster::Engine& engine,
                                                                           const Context& context);

}  // namespace faultline::sim::tables
