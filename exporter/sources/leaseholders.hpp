#pragma once

#include <map>
#include <string>
#include <string_view>

#include "exporter/sources/gateway_session.hpp"
#include "exporter/sources/kv_gate.hpp"

namespace faultline::sources {

/// A table by its full name, each part as it is, not as SQL would write it.
struct TableName {
  std::string database;
  std::string schema = "public";
  std::string table;
  bool operator==(const TableName&) const = default;
};

/// "database.table" or "database.schema.table"; a part with a dot in it, or with what else
/// may not stand there, in quotes as in SQL. `invalid` says what would do. Pure.
[[nodiscard]] Result<TableName> parse_table_name(std::string_view text);
/// Every part in quotes: whatever it says, it is a name.
[[nodiscard]] std::string in_sql(const TableName& name);
/// For people, and to know it again: quotes where they are needed.
[[nodiscard]] std::string to_string(const TableName& name);

/// The leases of one table's ranges, by store.
struct LeaseholdersPart {
  std::map<StoreId, std::int64_t> leases;
  std::int64_t ranges = 0;
};

/// Fails when any range does not tell who has its lease: of the rest one cannot say who has
/// the most.
[[nodiscard]] Result<LeaseholdersPart> parse_leaseholders(const sql::Rows& rows);

/// Tier T5, on demand only: one SHOW RANGES of one table, which costs the cluster a lease
/// question per range. Behind the canary of the key-value layer, within the deadline, and of
/// no table with more ranges than kRangesMax. One thread.
class LeaseholdersSource {
 public:
  static constexpr std::int64_t kRangesMax = 1000;

  /// Both outlive this.
  LeaseholdersSource(GatewaySession& session, KvGate& gate) : session_(session), gate_(gate) {}
  [[nodiscard]] Result<LeaseholdersPart> read(const TableName& table, Deadline deadline);

 private:
  GatewaySession& session_;
  KvGate& gate_;
};

}  // namespace faultline::sources
