#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace faultline::sim::sql {

// Between the two halves of a simulated node: simulator/sql parses and evaluates
// statements over a Catalog; simulator/tables implements the Catalog over the
// simulated cluster. Neither knows the other's insides.

/// SQL types by what they look like on the wire (facts: RowDescription OIDs).
enum class Type : std::uint8_t {
  int8,         ///< 20/8
  text,         ///< 25/-1 (STRING)
  name,         ///< 19/-1
  boolean,      ///< 16/1
  float8,       ///< 701/8
  decimal,      ///< 1700/-1
  timestamp,    ///< 1114/24
  timestamptz,  ///< 1184/24
  interval,     ///< 1186/24
  bytes,        ///< 17/-1
  jsonb,        ///< 3802/-1
  uuid,         ///< 2950/16
  int8_array,   ///< 1016/-1
  text_array,   ///< 1009/-1
  int2vector,   ///< 22/-1
  unknown,      ///< 705/0, the NULL literal
};

struct Null {
  auto operator<=>(const Null&) const = default;
};
/// A cell. Types without a C++ twin (decimal, interval, jsonb, uuid, bytes as raw
/// bytes) are held as text; timestamps as microseconds since the Unix epoch.
struct Micros {
  std::int64_t value = 0;
  auto operator<=>(const Micros&) const = default;
};
using IntArray = std::vector<std::int64_t>;
using TextArray = std::vector<std::optional<std::string>>;
using Value =
    std::variant<Null, bool, std::int64_t, double, std::string, Micros, IntArray, TextArray>;
using Row = std::vector<Value>;

struct Column {
  std::string name;
  Type type = Type::text;
  bool nullable = false;
};

struct TableSchema {
  std::string schema;  ///< "crdb_internal", "public" (also for database system),
                       ///< "information_schema", "pg_catalog".
  std::string name;
  std::uint32_t oid =
      0;  ///< tableOID of RowDescription; 0 for a view such as crdb_internal.ranges.
  std::vector<Column> columns;
  std::vector<std::size_t> primary_key;  ///< Column positions; empty for virtual tables.
};

/// An error as the server sends it: S is always ERROR; D, H where given; F, L, R as recorded.
struct SqlError {
  std::string sqlstate;
  std::string message;
  std::string detail = {};
  std::string hint = {};
  std::string file = {};
  int line = 0;
  std::string routine = {};
  std::string constraint = {};  ///< n, of a violated constraint.
};

template <class T>
using SqlResult = std::variant<T, SqlError>;

/// What a read or write must respect while it waits for the cluster. A statement
/// that hangs without quorum returns 57014 at its deadline ("query execution
/// canceled due to statement timeout"), or "query execution canceled" once
/// `cancelled` is set, and otherwise hangs for ever, as the real one does.
struct Context {
  std::optional<std::chrono::steady_clock::time_point> deadline;  ///< From statement_timeout.
  const std::atomic<bool>* cancelled = nullptr;  ///< CancelRequest, or the client went away.
  std::string user = "root";
  std::string database = "defaultdb";
  bool database_qualified = false;  ///< The statement names its database ("system.crdb_internal.x",
                                    ///< "\"\".crdb_internal.x").
};

/// A table to read. The pushed-down filter is a hint: only what WHERE demands of
/// the primary key by equality, so that a point read touches one range.
struct KeyFilter {
  std::vector<std::int64_t> keys;  ///< Empty: everything.
};

class Table {
 public:
  virtual ~Table() = default;
  [[nodiscard]] virtual const TableSchema& schema() const = 0;
  [[nodiscard]] virtual SqlResult<std::vector<Row>> read(const Context& context,
                                                         const KeyFilter& filter) = 0;
  // Only user tables; virtual ones answer 42809 or what the real one says.
  [[nodiscard]] virtual SqlResult<std::int64_t> upsert(const Context& context,
                                                       const std::vector<Row>& rows,
                                                       bool must_be_new) = 0;
  [[nodiscard]] virtual SqlResult<std::int64_t> erase(const Context& context,
                                                      const std::vector<Row>& rows) = 0;
};

/// CREATE, ALTER and DROP USER, GRANT and REVOKE, as parsed. Words are in upper case,
/// names as the server keeps them.
struct RoleChange {
  enum class Act : std::uint8_t { create, alter, drop, grant, revoke };
  enum class On : std::uint8_t { role, system, table, database };
  Act act = Act::create;
  On on = On::role;                     ///< Of grant and revoke: what `privileges` are about.
  std::vector<std::string> roles;       ///< Whom.
  bool if_exists = false;               ///< Or IF NOT EXISTS.
  std::vector<std::string> options;     ///< VIEWACTIVITY, NOLOGIN, ...
  std::optional<std::string> password;  ///< "" is PASSWORD NULL.
  std::vector<std::string> privileges;  ///< Or the roles granted, in lower case.
  std::vector<std::vector<std::string>> objects;  ///< Paths of tables, names of databases.
  std::string variable;                           ///< ALTER ROLE ... SET.
  std::optional<std::string> value;               ///< Absent: RESET.
};

/// What a login has to know of a user.
struct Account {
  std::string verifier;  ///< See scram.hpp; empty: no password was set.
  bool may_login = true;
  std::vector<std::pair<std::string, std::string>> variables;  ///< ALTER ROLE ... SET.
};

/// ALTER RANGE or ALTER TABLE ... CONFIGURE ZONE USING.
struct ZoneChange {
  std::string range;               ///< "liveness"; empty: a table is meant.
  std::vector<std::string> table;  ///< As written; then database, schema, name.
  std::optional<std::int64_t> replicas;
  /// Tiers that the locality of every replica must have, as "zone=a".
  std::optional<std::vector<std::string>> constraints;
};

struct NodeIdentity {
  std::int64_t node_id = 0;
  std::string cluster_id;
  std::string version;  ///< What version() and crdb_version say; names crdbsim.
  /// What allow_unsafe_internals is by default; absent: the release knows no such variable.
  std::optional<bool> unsafe_internals = {};
};

/// Everything a statement can name. Calls come from many session threads at once.
class Catalog {
 public:
  virtual ~Catalog() = default;
  [[nodiscard]] virtual NodeIdentity identity() const = 0;
  /// Null when there is no such table. Also finds the pseudo tables that SHOW
  /// needs: ("", "show_ranges", "<db>.<table>") and ("", "show_databases", "").
  [[nodiscard]] virtual Table* find_table(std::string_view database, std::string_view schema,
                                          std::string_view name) = 0;
  /// Every table of a schema, for information_schema.columns and SHOW TABLES/COLUMNS.
  [[nodiscard]] virtual std::vector<const TableSchema*> list_tables(
      std::string_view database, std::string_view schema) const = 0;
  [[nodiscard]] virtual bool has_database(std::string_view database) const = 0;
  [[nodiscard]] virtual SqlResult<std::monostate> create_database(const Context& context,
                                                                  const std::string& name,
                                                                  bool if_not_exists) = 0;
  [[nodiscard]] virtual SqlResult<std::monostate> create_table(const Context& context,
                                                               const std::string& database,
                                                               TableSchema schema,
                                                               bool if_not_exists) = 0;
  [[nodiscard]] virtual SqlResult<std::monostate> drop_table(const Context& context,
                                                             const std::string& database,
                                                             const std::string& name,
                                                             bool if_exists) = 0;
  [[nodiscard]] virtual std::optional<std::string> cluster_setting(
      const std::string& name) const = 0;
  [[nodiscard]] virtual SqlResult<std::monostate> set_cluster_setting(const Context& context,
                                                                      const std::string& name,
                                                                      const std::string& value) = 0;
  /// Why `context.user` may not see that setting; nothing: it may.
  [[nodiscard]] virtual std::optional<SqlError> refuse_setting(const Context& /*context*/,
                                                               const std::string& /*name*/) {
    return std::nullopt;
  }
  /// Absent: there is no such user. May wait for the cluster; root never does.
  [[nodiscard]] virtual SqlResult<std::optional<Account>> find_account(const Context& /*context*/,
                                                                       const std::string& user) {
    return user == "root" ? std::optional<Account>(Account{}) : std::nullopt;
  }
  [[nodiscard]] virtual SqlResult<std::monostate> configure_zone(const Context& /*context*/,
                                                                 const ZoneChange& /*change*/) {
    return SqlError{"0A000", "the simulated server has no zones here"};
  }
  [[nodiscard]] virtual SqlResult<std::monostate> change_roles(const Context& /*context*/,
                                                               const RoleChange& /*change*/) {
    return SqlError{"0A000", "unimplemented: this catalog keeps no roles"};
  }
};

}  // namespace faultline::sim::sql
