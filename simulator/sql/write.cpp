#include <algorithm>
#include <memory>
#include <set>

#include "simulator/sql/action.hpp"
#include "simulator/sql/binder.hpp"
#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/types.hpp"

// INSERT, UPSERT, UPDATE, DELETE.

namespace faultline::sim::sql {
namespace {

struct Returning {
  Fields fields;
  std::vector<Bound> items;
};

Located writable(Runtime& runtime, const std::vector<std::string>& path) {
  Located found = locate(runtime, path);
  if (found.table == nullptr) throw undefined_table(written(path));
  return found;
}

std::size_t column_named(const TableSchema& schema, const std::string& name) {
  for (std::size_t at = 0; at < schema.columns.size(); ++at) {
    if (schema.columns[at].name == name) return at;
  }
  throw undefined_column(name);
}

void check_not_null(const TableSchema& schema, const Row& row) {
  for (std::size_t at = 0; at < row.size(); ++at) {
    const Column& column = schema.columns[at];
    const bool key = std::find(schema.primary_key.begin(), schema.primary_key.end(), at) !=
                     schema.primary_key.end();
    if (is_null(row[at]) && (!column.nullable || key)) {
      throw failure("23502",
                    "null value in column \"" + column.name + "\" violates not-null constraint");
    }
  }
}

Row key_of(const TableSchema& schema, const Row& row) {
  Row key;
  for (const std::size_t at : schema.primary_key) key.push_back(row[at]);
  return key;
}

// Two rows of one INSERT with the same key; the catalog only knows what is stored.
void check_own_duplicates(const TableSchema& schema, const std::vector<Row>& rows) {
  if (schema.primary_key.empty()) return;
  std::set<Row> seen;
  for (const Row& row : rows) {
    const Row key = key_of(schema, row);
    if (seen.insert(key).second) continue;
    std::string names;
    std::string values;
    for (const std::size_t at : schema.primary_key) {
      names += (names.empty() ? "" : ", ") + schema.columns[at].name;
      values += (values.empty() ? "" : ", ") + to_text(row[at], schema.columns[at].type);
    }
    Failure made = failure(
        "23505", "duplicate key value violates unique constraint \"" + schema.name + "_pkey\"");
    made.error.detail = "Key (" + names + ")=(" + values + ") already exists.";
    made.error.constraint = schema.name + "_pkey";
    made.error.file = "errors.go";
    made.error.line = 134;
    made.error.routine = "NewUniquenessConstraintViolationError";
    throw made;
  }
}

// An UPSERT that names a key twice keeps the later row.
void keep_last(const TableSchema& schema, std::vector<Row>& rows) {
  if (schema.primary_key.empty()) return;
  std::set<Row> seen;
  std::vector<Row> kept;
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (seen.insert(key_of(schema, *row)).second) kept.push_back(std::move(*row));
  }
  std::reverse(kept.begin(), kept.end());
  rows = std::move(kept);
}

Returning plan_returning(Runtime& runtime, const Statement& statement, const Fields& fields) {
  Returning made;
  const Scope scope{&fields, nullptr};
  const NamedQueries none;
  for (const SelectItem& item : statement.returning) {
    if (item.expr->kind == ExprKind::star) {
      for (std::size_t at = 0; at < fields.size(); ++at) {
        made.fields.push_back(fields[at]);
        made.items.push_back(constant(Null{}, fields[at].type));
        made.items.back().run = [at](const Env& env) { return (*env.row)[at]; };
      }
      continue;
    }
    Bound bound = Binder(runtime, &scope, none).bind(*item.expr);
    Field field;
    field.name = item.alias.empty() ? bound.name : item.alias;
    field.type = bound.type;
    made.fields.push_back(field);
    made.items.push_back(std::move(bound));
  }
  return made;
}

Action make_action(Returning returning, std::string tag,
                   std::function<std::vector<Row>(std::int64_t& count)> write) {
  Action made;
  made.returns_rows = !returning.items.empty();
  made.fields = std::move(returning.fields);
  made.run = [items = std::move(returning.items), tag = std::move(tag), write = std::move(write)] {
    std::int64_t count = 0;
    const std::vector<Row> written_rows = write(count);
    Action::Done done{{}, tag + " " + std::to_string(count)};
    if (items.empty()) return done;
    for (const Row& row : written_rows) {
      const Env env{&row, nullptr};
      done.rows.emplace_back();
      for (const Bound& item : items) done.rows.back().push_back(item.run(env));
    }
    return done;
  };
  return made;
}

// The rows of an INSERT as cells of the named columns, each of its column's type.
std::function<std::vector<Row>()> plan_rows(Runtime& runtime, const Statement& statement,
                                            const std::vector<Type>& types) {
  const NamedQueries none;
  const auto mismatch = [&](std::size_t found) {
    return failure("42601", "INSERT has more expressions than target columns, " +
                                std::to_string(found) + " expressions for " +
                                std::to_string(types.size()) + " targets");
  };
  const Query& query = *statement.query;
  const bool literal_rows = query.branches.size() == 1 && query.with.empty() &&
                            query.branches.front().select &&
                            query.branches.front().select->is_values;
  if (literal_rows) {
    std::vector<std::vector<Bound>> rows;
    for (const auto& given : query.branches.front().select->values) {
      if (given.size() > types.size()) throw mismatch(given.size());
      rows.emplace_back();
      for (std::size_t at = 0; at < given.size(); ++at) {
        // DEFAULT is NULL: no table of the simulator has other defaults.
        rows.back().push_back(
            coerce(Binder(runtime, nullptr, none).bind(*given[at], types[at]), types[at]));
      }
    }
    return [rows = std::move(rows)] {
      std::vector<Row> made;
      for (const auto& cells : rows) {
        made.emplace_back();
        for (const Bound& cell : cells) made.back().push_back(cell.run(Env{}));
      }
      return made;
    };
  }
  Plan plan = plan_query(runtime, query, nullptr, none);
  if (plan.fields.size() > types.size()) throw mismatch(plan.fields.size());
  return [plan = std::move(plan), types] {
    std::vector<Row> rows = plan.run(nullptr);
    for (Row& row : rows) {
      for (std::size_t at = 0; at < row.size(); ++at) {
        row[at] = cast(row[at], plan.fields[at].type, types[at]);
      }
    }
    return rows;
  };
}

}  // namespace

Action plan_insert(Runtime& runtime, const Statement& statement) {
  const Located found = writable(runtime, statement.path);
  const TableSchema& schema = found.table->schema();
  std::vector<std::size_t> places;
  for (const std::string& name : statement.columns) places.push_back(column_named(schema, name));
  for (std::size_t at = 0; statement.columns.empty() && at < schema.columns.size(); ++at) {
    places.push_back(at);
  }
  std::vector<Type> types;
  for (const std::size_t at : places) types.push_back(schema.columns[at].type);
  std::function<std::vector<Row>()> cells = [] { return std::vector<Row>(1); };
  if (!statement.default_values) cells = plan_rows(runtime, statement, types);
  Returning returning = plan_returning(runtime, statement, fields_of(schema, schema.name));
  const bool upsert = statement.upsert;
  const bool skip = statement.skip_conflicts;
  return make_action(std::move(returning), "INSERT 0",
                     [table = found.table, &runtime, places, cells = std::move(cells), upsert,
                      skip](std::int64_t& count) {
                       const TableSchema& target = table->schema();
                       std::vector<Row> rows;
                       for (Row& given : cells()) {
                         rows.emplace_back(target.columns.size());
                         for (std::size_t at = 0; at < given.size(); ++at) {
                           rows.back()[places[at]] = std::move(given[at]);
                         }
                         check_not_null(target, rows.back());
                       }
                       if (upsert) keep_last(target, rows);
                       if (!upsert && !skip) check_own_duplicates(target, rows);
                       if (!skip) {
                         count = take(table->upsert(runtime.context, rows, !upsert));
                         return rows;
                       }
                       std::vector<Row> kept;
                       for (const Row& row : rows) {
                         auto result = table->upsert(runtime.context, {row}, true);
                         const auto* error = std::get_if<SqlError>(&result);
                         if (error != nullptr && error->sqlstate == "23505") continue;
                         count += take(std::move(result));
                         kept.push_back(row);
                       }
                       return kept;
                     });
}

Action plan_update(Runtime& runtime, const Statement& statement) {
  const Located found = writable(runtime, statement.path);
  const TableSchema& schema = found.table->schema();
  const Fields fields = fields_of(schema, schema.name);
  const Scope scope{&fields, nullptr};
  const NamedQueries none;
  std::vector<std::pair<std::size_t, Bound>> changes;
  for (std::size_t at = 0; at < statement.columns.size(); ++at) {
    const std::size_t place = column_named(schema, statement.columns[at]);
    const Type type = schema.columns[place].type;
    Bound value = Binder(runtime, &scope, none).bind(*statement.assignments[at], type);
    changes.emplace_back(place, coerce(std::move(value), type));
  }
  Plan affected = plan_query(runtime, *statement.query, nullptr, none);
  Returning returning = plan_returning(runtime, statement, fields);
  return make_action(std::move(returning), "UPDATE",
                     [table = found.table, &runtime, changes = std::move(changes),
                      run = std::move(affected.run)](std::int64_t& count) {
                       const TableSchema& target = table->schema();
                       std::vector<Row> stale;
                       std::vector<Row> rows;
                       for (const Row& row : run(nullptr)) {
                         Row changed = row;
                         for (const auto& [place, value] : changes) {
                           changed[place] = value.run(Env{&row, nullptr});
                         }
                         check_not_null(target, changed);
                         // A row whose key changes, or that has none, leaves its old place.
                         const bool keyless = target.primary_key.empty();
                         if (keyless || key_of(target, changed) != key_of(target, row))
                           stale.push_back(row);
                         rows.push_back(std::move(changed));
                       }
                       check_own_duplicates(target, rows);
                       if (!stale.empty()) (void)take(table->erase(runtime.context, stale));
                       if (!rows.empty()) (void)take(table->upsert(runtime.context, rows, false));
                       count = static_cast<std::int64_t>(rows.size());
                       return rows;
                     });
}

Action plan_erase(Runtime& runtime, const Statement& statement) {
  const Located found = writable(runtime, statement.path);
  const NamedQueries none;
  Plan affected = plan_query(runtime, *statement.query, nullptr, none);
  Returning returning =
      plan_returning(runtime, statement, fields_of(found.table->schema(), found.name));
  return make_action(
      std::move(returning), "DELETE",
      [table = found.table, &runtime, run = std::move(affected.run)](std::int64_t& count) {
        std::vector<Row> rows = run(nullptr);
        if (!rows.empty()) count = take(table->erase(runtime.context, rows));
        return rows;
      });
}

}  // namespace faultline::sim::sql
