#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/sql/ast.hpp"
#include "simulator/sql/catalog.hpp"
#include "simulator/sql/settings.hpp"

namespace faultline::sim::sql {

// A statement is planned (names resolved, types known, so that Describe can answer)
// and then run. A plan is a tree of closures; it lives as long as its statement.

/// What every part of one statement sees, while it is planned and while it runs.
struct Runtime {
  Catalog& catalog;
  Settings& settings;
  Context context;
  std::vector<std::optional<Type>> parameter_types;  ///< Filled in while planning.
  std::vector<Value> parameters;                     ///< Empty while only describing.
  Micros now;
  std::int64_t backend_pid = 0;
  int queries_count = 0;  ///< Planned so far: names in WITH can multiply them.
};

struct Field {
  std::string qualifier;  ///< The table's alias or name.
  std::string name;
  Type type = Type::text;
  std::uint32_t table_oid = 0;
  std::int16_t attribute = 0;
  bool hidden = false;  ///< The right side of USING: not part of *.
};
using Fields = std::vector<Field>;

/// A row and, for a subquery, the rows around it.
struct Env {
  const Row* row = nullptr;
  const Env* outer = nullptr;
};

struct Bound {
  Type type = Type::unknown;
  std::string name = "?column?";
  std::uint32_t table_oid = 0;
  std::int16_t attribute = 0;
  std::function<Value(const Env&)> run;
};

struct Plan {
  Fields fields;
  std::function<std::vector<Row>(const Env* outer)> run;
};

/// The names that an expression can use: one level per enclosing query.
struct Scope {
  const Fields* fields = nullptr;
  const Scope* outer = nullptr;
};

using NamedQueries = std::map<std::string, const Query::Named*>;

/// A whole query. `outer` is the scope around a subquery, or null.
[[nodiscard]] Plan plan_query(Runtime& runtime, const Query& query, const Scope* outer,
                              const NamedQueries& named);
/// An item of FROM.
[[nodiscard]] Plan plan_source(Runtime& runtime, const Source& source, const Scope* outer,
                               const NamedQueries& named);
/// SHOW as a relation. Throws for what is not known.
[[nodiscard]] Plan plan_show(Runtime& runtime, const Statement& statement);
/// information_schema and pg_catalog, as far as clients ask; nothing for another name.
[[nodiscard]] std::optional<Plan> plan_builtin_table(Runtime& runtime, const std::string& database,
                                                     const std::string& schema,
                                                     const std::string& name);

/// A table by its written name. `context` is what its reads are given.
struct Located {
  Table* table = nullptr;  ///< Null when only a builtin of this name may exist.
  std::string database;
  std::string schema;
  std::string name;
  Context context;
};
[[nodiscard]] Located locate(Runtime& runtime, const std::vector<std::string>& path);
[[nodiscard]] std::string written(const std::vector<std::string>& path);
/// allow_unsafe_internals, where the release has it: off closes crdb_internal and system
/// to queries, root's too (42501); SHOW goes around it.
void check_unsafe(const Runtime& runtime, const Located& table);

/// The fields of a table as a source of that name.
[[nodiscard]] Fields fields_of(const TableSchema& schema, const std::string& qualifier);

inline constexpr int kQueriesMax = 500;
/// More rows than this in one intermediate result end the statement with 53200.
inline constexpr std::size_t kRowsMax = 1'000'000;
void check_size(const Runtime& runtime, std::size_t rows_count);

}  // namespace faultline::sim::sql
