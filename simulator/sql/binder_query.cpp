#include <algorithm>

#include "simulator/sql/binder.hpp"
#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/types.hpp"

// The expressions with parts of their own: lists, subqueries, arrays, CASE, calls.

namespace faultline::sim::sql {
namespace {

Bound derived(Type type, std::string name, std::function<Value(const Env&)> run) {
  Bound made;
  made.type = type;
  made.name = std::move(name);
  made.run = std::move(run);
  return made;
}

// IN and ANY in three-valued logic: true as soon as one candidate fits, NULL when none
// does and something was NULL.
Value any_of(const Value& value, const std::vector<Value>& candidates, const Comparison& fits) {
  bool unknown = false;
  for (const Value& candidate : candidates) {
    const std::optional<bool> verdict = fits(value, candidate);
    if (verdict == true) return true;
    unknown = unknown || !verdict;
  }
  return unknown ? Value(Null{}) : Value(false);
}

Value all_of(const Value& value, const std::vector<Value>& candidates, const Comparison& fits) {
  bool unknown = false;
  for (const Value& candidate : candidates) {
    const std::optional<bool> verdict = fits(value, candidate);
    if (verdict == false) return false;
    unknown = unknown || !verdict;
  }
  return unknown ? Value(Null{}) : Value(true);
}

Value negate_if(bool negated, Value verdict) {
  if (!negated || is_null(verdict)) return verdict;
  return !std::get<bool>(verdict);
}

std::vector<Value> first_column(const std::vector<Row>& rows) {
  std::vector<Value> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(row.front());
  return values;
}

std::function<std::vector<Value>(const Env&)> column_of(Plan plan) {
  return [run = std::move(plan.run)](const Env& env) { return first_column(run(&env)); };
}

}  // namespace

Plan Binder::single_column(const Query& query) {
  Plan plan = plan_query(runtime_, query, scope_, named_);
  if (plan.fields.size() != 1) {
    throw failure("42601", "subquery must return only one column, found " +
                               std::to_string(plan.fields.size()));
  }
  return plan;
}

Bound Binder::choice(const Expr& expr, std::optional<Type> wanted) {
  const std::size_t first = expr.has_operand ? 1 : 0;
  const std::size_t pairs = (expr.children.size() - first) / 2;
  std::vector<const Expr*> results;
  for (std::size_t at = 0; at < pairs; ++at) {
    results.push_back(expr.children[first + at * 2 + 1].get());
  }
  if (expr.has_else) results.push_back(expr.children.back().get());
  std::vector<Bound> outcomes = bind_alike(results, wanted);
  std::vector<Bound> tests;
  for (std::size_t at = 0; at < pairs; ++at) {
    const Expr& when = *expr.children[first + at * 2];
    if (expr.has_operand) {
      auto [left, right] = bind_pair(*expr.children[0], when);
      tests.push_back(bind_operator("=", std::move(left), std::move(right), runtime_));
    } else {
      tests.push_back(condition(when, "CASE WHEN"));
    }
  }
  // A column in ELSE gives its name, as in PostgreSQL.
  const bool named = expr.has_else && results.back()->kind == ExprKind::column;
  const std::string name = named ? outcomes.back().name : "case";
  const Type type = outcomes.front().type;
  return derived(type, name,
                 [tests = std::move(tests), outcomes = std::move(outcomes)](const Env& env) {
                   for (std::size_t at = 0; at < tests.size(); ++at) {
                     const Value verdict = tests[at].run(env);
                     if (!is_null(verdict) && std::get<bool>(verdict)) return outcomes[at].run(env);
                   }
                   return outcomes.size() > tests.size() ? outcomes.back().run(env) : Value(Null{});
                 });
}

Bound Binder::between(const Expr& expr) {
  const auto half = [&](const char* op, const Expr& bound) {
    auto [left, right] = bind_pair(*expr.children[0], bound);
    return bind_operator(op, std::move(left), std::move(right), runtime_);
  };
  Bound low = half(">=", *expr.children[1]);
  Bound high = half("<=", *expr.children[2]);
  return derived(Type::boolean, "?column?",
                 [negated = expr.negated, a = std::move(low.run),
                  b = std::move(high.run)](const Env& env) -> Value {
                   const Value above = a(env);
                   const Value below = b(env);
                   const auto is_false = [](const Value& value) {
                     return !is_null(value) && !std::get<bool>(value);
                   };
                   if (is_false(above) || is_false(below)) return negated;
                   if (is_null(above) || is_null(below)) return Null{};
                   return !negated;
                 });
}

Bound Binder::in_list(const Expr& expr) {
  const Expr& left = *expr.children[0];
  Bound value;
  std::vector<Bound> candidates;
  if (is_untyped(left)) {
    std::vector<const Expr*> all;
    for (const ExprPtr& child : expr.children) all.push_back(child.get());
    candidates = bind_alike(all);
    value = std::move(candidates.front());
    candidates.erase(candidates.begin());
  } else {
    value = bind(left);
    for (std::size_t at = 1; at < expr.children.size(); ++at) {
      candidates.push_back(bind(*expr.children[at], value.type));
    }
  }
  std::vector<Comparison> fits;
  for (const Bound& candidate : candidates) {
    fits.push_back(comparison("=", value.type, candidate.type));
  }
  return derived(
      Type::boolean, "?column?",
      [negated = expr.negated, run = std::move(value.run), candidates = std::move(candidates),
       fits = std::move(fits)](const Env& env) -> Value {
        const Value wanted = run(env);
        bool unknown = false;
        for (std::size_t at = 0; at < candidates.size(); ++at) {
          const std::optional<bool> verdict = fits[at](wanted, candidates[at].run(env));
          if (verdict == true) return !negated;
          unknown = unknown || !verdict;
        }
        return unknown ? Value(Null{}) : Value(negated);
      });
}

Bound Binder::in_query(const Expr& expr) {
  Plan plan = single_column(*expr.query);
  const Type type = plan.fields.front().type;
  Bound value = bind(*expr.children[0], type);
  return derived(
      Type::boolean, "?column?",
      [negated = expr.negated, fits = comparison("=", value.type, type), run = std::move(value.run),
       candidates = column_of(std::move(plan))](const Env& env) -> Value {
        return negate_if(negated, any_of(run(env), candidates(env), fits));
      });
}

Bound Binder::quantified(const Expr& expr) {
  std::function<std::vector<Value>(const Env&)> candidates;
  Type type = Type::unknown;
  Bound value;
  if (expr.query) {
    Plan plan = single_column(*expr.query);
    type = plan.fields.front().type;
    candidates = column_of(std::move(plan));
    value = bind(*expr.children[0], type);
  } else {
    const Expr& left = *expr.children[0];
    std::optional<Type> array_type;
    if (!is_untyped(left)) {
      value = bind(left);
      array_type = array_of(value.type);
    }
    Bound list = bind(*expr.children[1], array_type);
    if (!is_array(list.type)) {
      throw failure("42809", "op ANY/ALL (array) requires array on right side");
    }
    type = element_of(list.type);
    if (!value.run) value = bind(left, type);
    candidates = [run = std::move(list.run)](const Env& env) { return elements(run(env)); };
  }
  Comparison fits;
  if (expr.text == "~" || expr.text == "like") throw unsupported("matching against ANY");
  fits = comparison(expr.text, value.type, type);
  return derived(Type::boolean, "?column?",
                 [all = expr.all, fits = std::move(fits), run = std::move(value.run),
                  candidates = std::move(candidates)](const Env& env) {
                   return all ? all_of(run(env), candidates(env), fits)
                              : any_of(run(env), candidates(env), fits);
                 });
}

Bound Binder::exists(const Expr& expr) {
  Plan plan = plan_query(runtime_, *expr.query, scope_, named_);
  return derived(Type::boolean, "exists", [run = std::move(plan.run)](const Env& env) -> Value {
    return !run(&env).empty();
  });
}

Bound Binder::subquery(const Expr& expr) {
  Plan plan = single_column(*expr.query);
  const Field field = plan.fields.front();
  return derived(field.type, field.name, [run = std::move(plan.run)](const Env& env) -> Value {
    std::vector<Row> rows = run(&env);
    if (rows.size() > 1) {
      throw failure("21000", "more than one row returned by a subquery used as an expression");
    }
    return rows.empty() ? Value(Null{}) : std::move(rows.front().front());
  });
}

Bound Binder::array_query(const Expr& expr) {
  Plan plan = single_column(*expr.query);
  const Type element = plan.fields.front().type;
  return derived(array_of(element), "array",
                 [element, candidates = column_of(std::move(plan))](const Env& env) {
                   return array_from(candidates(env), element);
                 });
}

Bound Binder::array(const Expr& expr, std::optional<Type> wanted) {
  std::optional<Type> element;
  if (wanted && is_array(*wanted)) element = element_of(*wanted);
  std::vector<const Expr*> items;
  for (const ExprPtr& child : expr.children) items.push_back(child.get());
  std::vector<Bound> bound = bind_alike(items, element);
  if (bound.empty() && !element) {
    throw failure("42P18",
                  "cannot determine type of empty array. Consider casting to the "
                  "desired type, for example ARRAY[]::int[]");
  }
  Type type = bound.empty() ? *element : bound.front().type;
  if (type != Type::int8 && !is_text(type)) {
    if (type == Type::unknown) type = Type::text;
    for (Bound& item : bound) item = coerce(std::move(item), Type::text);
    type = Type::text;
  }
  return derived(array_of(type), "array", [type, bound = std::move(bound)](const Env& env) {
    std::vector<Value> values;
    for (const Bound& item : bound) values.push_back(item.run(env));
    return array_from(values, type);
  });
}

Bound Binder::subscript(const Expr& expr) {
  Bound list = bind(*expr.children[0]);
  Bound position = bind(*expr.children[1], Type::int8);
  if (!is_array(list.type)) {
    throw failure("42804",
                  "cannot subscript type " + short_name(list.type) + " because it is not an array");
  }
  if (position.type != Type::int8) {
    throw failure("42804", "incompatible array subscript type: " + short_name(position.type));
  }
  return derived(
      element_of(list.type), list.name,
      [run = std::move(list.run), at = std::move(position.run)](const Env& env) -> Value {
        const std::vector<Value> values = elements(run(env));
        const Value index = at(env);
        if (is_null(index)) return Null{};
        const std::int64_t number = std::get<std::int64_t>(index);
        if (number < 1 || number > static_cast<std::int64_t>(values.size())) {
          return Null{};
        }
        return values[static_cast<std::size_t>(number - 1)];
      });
}

Bound Binder::call(const Expr& expr, std::optional<Type> wanted) {
  const std::string name = written(expr.path);
  if (is_aggregate(name)) return aggregate(expr);
  if (is_set_function(expr)) throw unsupported(name + "() inside an expression");
  if (name == "coalesce" || name == "ifnull" || name == "nullif" || name == "greatest" ||
      name == "least" || name == "if") {
    return conditional_call(name, expr, wanted);
  }
  const auto suggested = suggested_types(name, expr.children.size());
  std::vector<Bound> arguments;
  for (std::size_t at = 0; at < expr.children.size(); ++at) {
    arguments.push_back(
        bind(*expr.children[at], at < suggested.size() ? suggested[at] : std::nullopt));
  }
  Bound made = bind_function(runtime_, name, std::move(arguments));
  made.name = expr.path.back();
  return made;
}

Bound Binder::conditional_call(const std::string& name, const Expr& expr,
                               std::optional<Type> wanted) {
  std::vector<const Expr*> items;
  const std::size_t first = name == "if" ? 1 : 0;
  for (std::size_t at = first; at < expr.children.size(); ++at) {
    items.push_back(expr.children[at].get());
  }
  const bool fixed = name == "ifnull" || name == "nullif" || name == "if";
  if (items.empty() || (fixed && items.size() != 2)) {
    throw failure("42601", name + ": wrong number of arguments");
  }
  Bound test;
  if (name == "if") test = condition(*expr.children[0], "IF");
  std::vector<Bound> bound = bind_alike(items, wanted);
  const Type type = bound.front().type;
  return derived(
      type, name,
      [name, type, test = std::move(test.run), bound = std::move(bound)](const Env& env) -> Value {
        if (name == "if") {
          const Value verdict = test(env);
          const bool yes = !is_null(verdict) && std::get<bool>(verdict);
          return bound[yes ? 0 : 1].run(env);
        }
        if (name == "nullif") {
          Value value = bound[0].run(env);
          const Value other = bound[1].run(env);
          const bool same = !is_null(value) && !is_null(other) && order(value, other, type) == 0;
          return same ? Value(Null{}) : value;
        }
        Value best = Null{};
        for (const Bound& item : bound) {
          Value value = item.run(env);
          if (is_null(value)) continue;
          if (name == "coalesce" || name == "ifnull") return value;
          const int side = is_null(best) ? 0 : order(value, best, type);
          if (is_null(best) || (name == "greatest" ? side > 0 : side < 0)) {
            best = std::move(value);
          }
        }
        return best;
      });
}

Bound Binder::aggregate(const Expr& expr) {
  const std::string& name = expr.path.back();
  if (grouping_ == nullptr) {
    throw failure("42803", name + "(): aggregate functions are not allowed here");
  }
  if (inside_aggregate_) {
    throw failure("42803", name + "(): aggregate function calls cannot be nested");
  }
  inside_aggregate_ = true;
  AggregateCall made;
  made.function = name;
  made.distinct = expr.distinct;
  const bool star = expr.children.size() == 1 && expr.children[0]->kind == ExprKind::star;
  if (star && name != "count") throw undefined_function(name + "(*)", true);
  const std::size_t wanted = name == "string_agg" ? 2 : 1;
  if (expr.children.size() != wanted) throw undefined_function(name + "()", true);
  if (!star) {
    made.argument = bind(*expr.children[0],
                         is_untyped(*expr.children[0]) ? std::optional(Type::text) : std::nullopt);
  }
  if (name == "string_agg") {
    const Value delimiter = bind(*expr.children[1], Type::text).run(Env{});
    if (!is_null(delimiter)) made.delimiter = std::get<std::string>(delimiter);
  }
  if (expr.filter) made.filter = condition(*expr.filter, "FILTER");
  if (!expr.order_by.empty()) made.order_by = bind(*expr.order_by[0]);
  made.order_descending = expr.order_descending;
  made.type = star ? Type::int8 : aggregate_type(name, made.argument->type);
  inside_aggregate_ = false;
  const std::size_t at = grouping_->calls.size();
  const Type type = made.type;
  grouping_->calls.push_back(std::move(made));
  // The results stand behind the columns of the row; how many those are is known now.
  const std::size_t width =
      scope_ != nullptr && scope_->fields != nullptr ? scope_->fields->size() : 0;
  return derived(type, name, [place = width + at](const Env& env) { return (*env.row)[place]; });
}

}  // namespace faultline::sim::sql
