#pragma once

#include <optional>
#include <string>

#include "simulator/tables/virtual_table.hpp"

namespace faultline::sim::tables {

/// What the system config range keeps of a user's table.
struct TableRecord {
  std::int64_t id = 0;
  cluster::RangeNumber range = 0;
  std::string database;
  TableSchema schema;
};

[[nodiscard]] std::string encode_table(const TableRecord& record);
[[nodiscard]] std::optional<TableRecord> decode_table(const std::string& text);

/// A table that somebody created: one range, one stored row per row. Reads and writes go
/// to the range's leaseholder and hang without quorum. Any thread.
class UserTable final : public sql::Table {
 public:
  UserTable(cluster::Engine& engine, Roles& roles, TableRecord record)
      : engine_(engine), roles_(roles), record_(std::move(record)) {}

  const TableSchema& schema() const override { return record_.schema; }
  const TableRecord& record() const { return record_; }
  Rows read(const Context& context, const KeyFilter& filter) override;
  SqlResult<std::int64_t> upsert(const Context& context, const std::vector<Row>& rows,
                                 bool must_be_new) override;
  SqlResult<std::int64_t> erase(const Context& context, const std::vector<Row>& rows) override;

 private:
  [[nodiscard]] std::string key_of(const Row& row) const;
  [[nodiscard]] SqlError duplicate(const std::vector<Row>& rows, const std::string& key) const;

  [[nodiscard]] std::optional<SqlError> refused(const Context& context,
                                                const std::string& privilege) {
    return refuse_table(roles_, context, privilege, record_.database, record_.schema.name);
  }

  cluster::Engine& engine_;
  Roles& roles_;
  TableRecord record_;
};

}  // namespace faultline::sim::tables
