#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/sql/catalog.hpp"

namespace faultline::sim::sql {

// What the parser makes of a statement. Plain data; nothing is resolved yet.

struct Expr;
struct Query;
struct Statement;
using ExprPtr = std::unique_ptr<Expr>;
using QueryPtr = std::unique_ptr<Query>;

enum class ExprKind : std::uint8_t {
  null,
  boolean,      ///< text: "true" or "false"
  integer,      ///< text
  decimal,      ///< text
  string,       ///< text
  bytes,        ///< text, raw
  placeholder,  ///< number, from 1
  column,       ///< path
  star,         ///< path of the qualifier, possibly empty
  unary,        ///< text: "-", "not"
  binary,       ///< text: the operator, also "and", "or", "like", "~"
  is_test,      ///< text: "null", "true", "false", "distinct"; negated
  cast,         ///< children[0] to type
  choice,       ///< CASE: [operand] (when then)* [else]
  between,      ///< children: value, low, high; negated
  in_list,      ///< children: value, candidates...; negated
  in_query,     ///< children[0] in query; negated
  exists,
  subquery,
  array_query,  ///< ARRAY(SELECT ...)
  array,        ///< ARRAY[...]
  subscript,    ///< children: array, position
  quantified,   ///< children[0] text ANY/ALL (children[1] or query)
  call,         ///< path is the function's name
};

struct Expr {
  ExprKind kind = ExprKind::null;
  std::string text = {};
  std::vector<std::string> path = {};
  std::vector<ExprPtr> children = {};
  QueryPtr query = {};
  Type type = Type::unknown;
  int number = 0;
  bool negated = false;
  bool distinct = false;               ///< count(DISTINCT x)
  bool all = false;                    ///< quantified: ALL instead of ANY
  bool has_operand = false;            ///< choice
  bool has_else = false;               ///< choice
  ExprPtr filter = {};                 ///< call: FILTER (WHERE ...)
  std::vector<ExprPtr> order_by = {};  ///< call: array_agg(x ORDER BY y)
  bool order_descending = false;
};

/// Same text but for spaces: how an item of the select list is found in GROUP BY.
[[nodiscard]] bool same_expression(const Expr& left, const Expr& right);

struct SelectItem {
  ExprPtr expr;
  std::string alias;
};

struct OrderItem {
  ExprPtr expr;
  bool descending = false;
  std::optional<bool> nulls_first = {};
};

enum class Join : std::uint8_t { cross, inner, left };

struct Source {
  enum class Kind : std::uint8_t { table, query, function, statement, join };
  Kind kind = Kind::table;
  std::vector<std::string> path = {};  ///< table
  QueryPtr query = {};
  ExprPtr call = {};                          ///< function
  std::unique_ptr<Statement> statement = {};  ///< [SHOW ...]
  std::string alias = {};
  std::vector<std::string> column_aliases = {};
  Join join = Join::cross;
  std::unique_ptr<Source> left = {};
  std::unique_ptr<Source> right = {};
  ExprPtr on = {};
  std::vector<std::string> shared_columns = {};  ///< USING
};

/// One SELECT or VALUES.
struct Select {
  bool is_values = false;
  std::vector<std::vector<ExprPtr>> values = {};
  bool distinct = false;
  std::vector<SelectItem> items = {};
  std::vector<std::unique_ptr<Source>> from = {};
  ExprPtr where = {};
  std::vector<ExprPtr> group_by = {};
  ExprPtr having = {};
};

struct Query {
  struct Named {
    std::string name;
    std::vector<std::string> columns;
    QueryPtr query;
  };
  struct Branch {
    std::unique_ptr<Select> select;  ///< Either this
    QueryPtr nested;                 ///< or a query in parentheses.
    bool all = true;                 ///< UNION ALL with what came before.
  };
  std::vector<Named> with = {};
  std::vector<Branch> branches = {};
  std::vector<OrderItem> order_by = {};
  ExprPtr limit = {};
  ExprPtr offset = {};
};

enum class Verb : std::uint8_t {
  empty,
  query,
  show,  ///< name: variable, or topic: "databases", "tables", "columns", "ranges", ...
  set,
  set_cluster_setting,
  begin,
  commit,
  rollback,
  savepoint,
  release,
  rollback_to,
  insert,
  update,
  erase,
  create_database,
  create_table,
  drop_table,
  change_roles,
  configure_zone,
  explain,
  discard,
  deallocate,
};

struct Statement {
  Verb verb = Verb::empty;
  std::string topic = {};              ///< show
  std::string name = {};               ///< variable, setting, database, prepared statement
  std::vector<std::string> path = {};  ///< table
  QueryPtr query = {};                 ///< query; the rows of an insert, update or delete
  std::string value = {};              ///< set; empty with is_default
  bool is_default = false;             ///< SET x = DEFAULT, RESET x
  bool if_exists = false;              ///< or IF NOT EXISTS
  bool upsert = false;                 ///< UPSERT, or ON CONFLICT DO UPDATE
  bool skip_conflicts = false;         ///< ON CONFLICT DO NOTHING
  bool default_values = false;
  std::vector<std::string> columns = {};  ///< insert: named ones; update: assigned ones
  std::vector<ExprPtr> assignments = {};
  std::vector<SelectItem> returning = {};
  TableSchema table = {};                        ///< create_table
  std::shared_ptr<const RoleChange> roles = {};  ///< change_roles
  std::optional<ZoneChange> zone = {};           ///< configure_zone
  std::vector<std::string> options = {};         ///< show ranges: what stands behind WITH
  std::unique_ptr<Statement> inner = {};         ///< explain
};

}  // namespace faultline::sim::sql
