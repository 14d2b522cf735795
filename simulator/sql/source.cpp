#include <algorithm>
#include <memory>

#include "simulator/sql/binder.hpp"
#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/plan.hpp"
#include "simulator/sql/select.hpp"
#include "simulator/sql/types.hpp"

// FROM: tables, subqueries, functions, [SHOW ...], joins.

namespace faultline::sim::sql {
namespace {

// Set by plan_from when WHERE demands values of a table's primary key.
using KeyOperands = std::shared_ptr<std::vector<Bound>>;

struct SourcePlan {
  Plan plan;
  bool lateral = false;  ///< Looks at the row to its left: run once for each.
};

Located located(const Runtime& runtime, std::string database, std::string schema, std::string name,
                bool qualified) {
  Located made;
  made.context = runtime.context;
  made.context.database = database;
  made.context.database_qualified = qualified;
  made.table = runtime.catalog.find_table(database, schema, name);
  made.database = std::move(database);
  made.schema = std::move(schema);
  made.name = std::move(name);
  return made;
}

bool is_builtin_schema(const std::string& name) {
  return name == "information_schema" || name == "pg_catalog";
}

SourcePlan plan_table(Runtime& runtime, const Source& source, const Scope* outer,
                      const NamedQueries& named, KeyOperands operands) {
  if (source.path.size() == 1) {
    const auto found = named.find(source.path.front());
    if (found != named.end()) {
      NamedQueries others = named;
      others.erase(found->first);
      Plan plan = plan_query(runtime, *found->second->query, outer, others);
      const auto& columns = found->second->columns;
      for (std::size_t at = 0; at < std::min(columns.size(), plan.fields.size()); ++at) {
        plan.fields[at].name = columns[at];
      }
      return {std::move(plan)};
    }
  }
  Located table = locate(runtime, source.path);
  if (table.table == nullptr) {
    auto builtin = plan_builtin_table(runtime, table.database, table.schema, table.name);
    if (!builtin) throw undefined_table(written(source.path));
    return {std::move(*builtin)};
  }
  check_unsafe(runtime, table);
  Plan plan;
  plan.fields = fields_of(table.table->schema(), source.path.back());
  // The deadline and the cancel flag are those of the moment of running.
  const Runtime& now = runtime;
  plan.run = [target = table.table, context = table.context, operands, &now](const Env*) {
    Context fresh = context;
    fresh.deadline = now.context.deadline;
    fresh.cancelled = now.context.cancelled;
    check_patience(fresh);
    KeyFilter filter;
    for (const Bound& operand : *operands) {
      const Value key = operand.run(Env{});
      if (const auto* number = std::get_if<std::int64_t>(&key)) filter.keys.push_back(*number);
    }
    return take(target->read(fresh, filter));
  };
  return {std::move(plan)};
}

SourcePlan plan_function(Runtime& runtime, const Source& source, const Scope* outer,
                         const NamedQueries& named) {
  Binder binder(runtime, outer, named);
  SourcePlan made;
  made.lateral = true;
  Field field;
  std::function<std::vector<Value>(const Env&)> values;
  if (is_set_function(*source.call)) {
    SetFunction function = bind_set_function(binder, *source.call);
    field.name = function.name;
    field.type = function.type;
    values = std::move(function.run);
  } else {
    Bound bound = binder.bind(*source.call);
    field.name = bound.name;
    field.type = bound.type;
    values = [run = std::move(bound.run)](const Env& env) { return std::vector{run(env)}; };
  }
  field.qualifier = field.name;
  // A lone column takes the table's alias.
  if (!source.alias.empty()) field.name = source.alias;
  made.plan.fields.push_back(field);
  made.plan.run = [values = std::move(values)](const Env* around) {
    std::vector<Row> rows;
    for (Value& value : values(around != nullptr ? *around : Env{})) {
      rows.push_back({std::move(value)});
    }
    return rows;
  };
  return made;
}

Fields joined_fields(const Plan& left, const Plan& right) {
  Fields fields = left.fields;
  fields.insert(fields.end(), right.fields.begin(), right.fields.end());
  return fields;
}

// USING as a condition; the right columns of those names are then hidden from *.
std::function<Value(const Env&)> using_condition(const std::vector<std::string>& names,
                                                 Fields& fields, std::size_t left_width) {
  std::vector<std::function<bool(const Row&)>> tests;
  for (const std::string& name : names) {
    const auto middle = fields.begin() + static_cast<std::ptrdiff_t>(left_width);
    const auto has_name = [&](const Field& field) { return field.name == name; };
    const auto left = std::find_if(fields.begin(), middle, has_name);
    const auto right = std::find_if(middle, fields.end(), has_name);
    if (left == middle || right == fields.end()) throw undefined_column(name);
    right->hidden = true;
    const auto a = static_cast<std::size_t>(left - fields.begin());
    const auto b = static_cast<std::size_t>(right - fields.begin());
    tests.emplace_back([a, b, fits = comparison("=", left->type, right->type)](const Row& row) {
      return fits(row[a], row[b]) == true;
    });
  }
  return [tests = std::move(tests)](const Env& env) -> Value {
    return std::all_of(tests.begin(), tests.end(),
                       [&](const auto& test) { return test(*env.row); });
  };
}

using Rows = std::vector<Row>;

struct JoinRun {
  Runtime* runtime;
  std::function<Rows(const Env*)> left;
  std::function<Rows(const Env*)> right;
  std::function<Value(const Env&)> condition;  ///< Empty: a product.
  std::size_t right_width;
  bool lateral;
  bool keeps_left;

  Rows operator()(const Env* outer) const {
    Rows made;
    const Rows left_rows = left(outer);
    Rows right_rows;
    if (!lateral) right_rows = right(outer);
    for (const Row& one : left_rows) {
      check_patience(runtime->context);
      if (lateral) {
        const Env env{&one, outer};
        right_rows = right(&env);
      }
      bool matched = false;
      for (const Row& other : right_rows) {
        Row row;
        row.reserve(one.size() + other.size());
        row.insert(row.end(), one.begin(), one.end());
        row.insert(row.end(), other.begin(), other.end());
        if (condition) {
          const Value verdict = condition(Env{&row, outer});
          if (is_null(verdict) || !std::get<bool>(verdict)) continue;
        }
        matched = true;
        made.push_back(std::move(row));
      }
      check_size(*runtime, made.size());
      if (!matched && keeps_left) {
        made.push_back(one);
        made.back().resize(one.size() + right_width);
      }
    }
    return made;
  }
};

SourcePlan plan_item(Runtime& runtime, const Source& source, const Scope* outer,
                     const NamedQueries& named, KeyOperands operands);

Plan combine(Runtime& runtime, Plan left, const Source& right_source, Join join, const ExprPtr& on,
             const std::vector<std::string>& shared_columns, const Scope* outer,
             const NamedQueries& named) {
  // Functions see the columns to their left; other sources do not.
  const Scope beside{&left.fields, outer};
  const bool lateral = right_source.kind == Source::Kind::function;
  SourcePlan right = plan_item(runtime, right_source, lateral ? &beside : outer, named,
                               std::make_shared<std::vector<Bound>>());
  Plan made;
  made.fields = joined_fields(left, right.plan);
  const std::size_t right_width = right.plan.fields.size();
  std::function<Value(const Env&)> condition;
  if (on) {
    const Scope scope{&made.fields, outer};
    condition = Binder(runtime, &scope, named).condition(*on, "ON").run;
  } else if (!shared_columns.empty()) {
    condition = using_condition(shared_columns, made.fields, left.fields.size());
  }
  made.run =
      JoinRun{&runtime,    std::move(left.run), std::move(right.plan.run), std::move(condition),
              right_width, right.lateral,       join == Join::left};
  return made;
}

SourcePlan plan_item(Runtime& runtime, const Source& source, const Scope* outer,
                     const NamedQueries& named, KeyOperands operands) {
  SourcePlan made;
  switch (source.kind) {
    case Source::Kind::table:
      made = plan_table(runtime, source, outer, named, std::move(operands));
      break;
    case Source::Kind::query: made.plan = plan_query(runtime, *source.query, outer, named); break;
    case Source::Kind::function: made = plan_function(runtime, source, outer, named); break;
    case Source::Kind::statement: made.plan = plan_show(runtime, *source.statement); break;
    case Source::Kind::join: {
      Plan left =
          plan_item(runtime, *source.left, outer, named, std::make_shared<std::vector<Bound>>())
              .plan;
      made.plan = combine(runtime, std::move(left), *source.right, source.join, source.on,
                          source.shared_columns, outer, named);
      break;
    }
  }
  Fields& fields = made.plan.fields;
  if (source.column_aliases.size() > fields.size()) {
    throw failure("42P10", "source has " + std::to_string(fields.size()) +
                               " columns available but " +
                               std::to_string(source.column_aliases.size()) + " columns specified");
  }
  for (std::size_t at = 0; at < source.column_aliases.size(); ++at) {
    fields[at].name = source.column_aliases[at];
  }
  if (source.kind == Source::Kind::join) return made;
  std::string qualifier = source.alias;
  if (qualifier.empty() && source.kind == Source::Kind::table) qualifier = source.path.back();
  for (Field& field : fields) {
    if (!qualifier.empty() || source.kind == Source::Kind::query) field.qualifier = qualifier;
  }
  return made;
}

// Literals and placeholders: what can be evaluated before any row is read.
bool is_fixed(const Expr& expr) {
  return expr.kind == ExprKind::integer || expr.kind == ExprKind::string ||
         expr.kind == ExprKind::placeholder ||
         (expr.kind == ExprKind::cast && is_fixed(*expr.children[0]));
}

// The operands of "key = x" and "key IN (x, y)" among the conditions joined by AND.
void collect_keys(const Expr& where, const std::string& key, std::vector<const Expr*>& found) {
  const auto is_key = [&](const Expr& expr) {
    return expr.kind == ExprKind::column && expr.path.back() == key;
  };
  if (where.kind == ExprKind::binary && where.text == "and") {
    collect_keys(*where.children[0], key, found);
    if (found.empty()) collect_keys(*where.children[1], key, found);
  } else if (where.kind == ExprKind::binary && where.text == "=") {
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const Expr& other = *where.children[1 - side];
      if (is_key(*where.children[side]) && is_fixed(other)) found = {&other};
    }
  } else if (where.kind == ExprKind::in_list && !where.negated && is_key(*where.children[0])) {
    for (std::size_t at = 1; at < where.children.size(); ++at) {
      if (!is_fixed(*where.children[at])) return found.clear();
      found.push_back(where.children[at].get());
    }
  }
}

void push_down_keys(Runtime& runtime, const Select& select, const NamedQueries& named,
                    std::vector<Bound>& operands) {
  const bool lone_table = select.from.size() == 1 && select.where &&
                          select.from.front()->kind == Source::Kind::table &&
                          select.from.front()->column_aliases.empty();
  if (!lone_table || named.contains(select.from.front()->path.front())) return;
  const Located found = locate(runtime, select.from.front()->path);
  if (found.table == nullptr) return;
  const TableSchema& schema = found.table->schema();
  if (schema.primary_key.size() != 1) return;
  const Column& key = schema.columns[schema.primary_key.front()];
  if (key.type != Type::int8) return;
  std::vector<const Expr*> exprs;
  collect_keys(*select.where, key.name, exprs);
  for (const Expr* expr : exprs) {
    Bound bound = Binder(runtime, nullptr, named).bind(*expr, Type::int8);
    if (bound.type != Type::int8) return operands.clear();
    operands.push_back(std::move(bound));
  }
}

}  // namespace

Fields fields_of(const TableSchema& schema, const std::string& qualifier) {
  Fields fields;
  for (const Column& column : schema.columns) {
    Field field;
    field.qualifier = qualifier;
    field.name = column.name;
    field.type = column.type;
    field.table_oid = schema.oid;
    // A view's columns carry neither table nor number.
    field.attribute = static_cast<std::int16_t>(schema.oid == 0 ? 0 : fields.size() + 1);
    fields.push_back(std::move(field));
  }
  return fields;
}

std::string written(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& part : path) {
    if (&part != &path.front()) text += '.';
    text += part.empty() ? "\"\"" : part;
  }
  return text;
}

void check_size(const Runtime& runtime, std::size_t rows_count) {
  if (rows_count > kRowsMax) throw failure("53200", "root: memory budget exceeded");
  constexpr std::size_t kStep = 1024;
  if (rows_count % kStep == 0) check_patience(runtime.context);
}

Located locate(Runtime& runtime, const std::vector<std::string>& path) {
  const std::string database = runtime.settings.database();
  if (path.size() > 3) throw failure("42601", "invalid table name: " + written(path));
  if (path.size() == 3) {
    if (!path[0].empty() && !runtime.catalog.has_database(path[0])) {
      throw undefined_table(written(path));
    }
    return located(runtime, path[0], path[1], path[2], true);
  }
  if (path.size() == 1) {
    Located found = located(runtime, database, "public", path[0], false);
    if (found.table == nullptr) {
      Located catalog = located(runtime, database, "pg_catalog", path[0], false);
      if (catalog.table != nullptr || path[0].starts_with("pg_")) return catalog;
    }
    return found;
  }
  Located as_schema = located(runtime, database, path[0], path[1], false);
  const bool virtual_schema = is_builtin_schema(path[0]) || path[0] == "crdb_internal";
  if (virtual_schema && !database.empty() && !runtime.catalog.has_database(database)) {
    throw undefined_database(database);
  }
  if (as_schema.table != nullptr || virtual_schema || path[0] == "public") return as_schema;
  return located(runtime, path[0], "public", path[1], true);
}

Plan plan_source(Runtime& runtime, const Source& source, const Scope* outer,
                 const NamedQueries& named) {
  return plan_item(runtime, source, outer, named, std::make_shared<std::vector<Bound>>()).plan;
}

Plan plan_from(Runtime& runtime, const Select& select, const Scope* outer,
               const NamedQueries& named) {
  if (select.from.empty()) {
    Plan made;
    made.run = [](const Env*) { return Rows(1); };
    return made;
  }
  auto operands = std::make_shared<std::vector<Bound>>();
  push_down_keys(runtime, select, named, *operands);
  Plan made = plan_item(runtime, *select.from.front(), outer, named, operands).plan;
  for (std::size_t at = 1; at < select.from.size(); ++at) {
    made =
        combine(runtime, std::move(made), *select.from[at], Join::cross, nullptr, {}, outer, named);
  }
  return made;
}

}  // namespace faultline::sim::sql
