#include "simulator/sql/binder.hpp"

#include <algorithm>

#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

// What a cast or a column of this kind is called when it has no alias.
std::string name_of_cast(const Expr& operand, const Bound& bound, Type type) {
  const bool named = operand.kind == ExprKind::column || operand.kind == ExprKind::call ||
                     operand.kind == ExprKind::subscript || operand.kind == ExprKind::cast;
  return named ? bound.name : short_name(type);
}

Bound derived(Type type, std::function<Value(const Env&)> run) {
  Bound made;
  made.type = type;
  made.run = std::move(run);
  return made;
}

int width(Type type) {
  return type == Type::int8 ? 1 : type == Type::decimal ? 2 : type == Type::float8 ? 3 : 0;
}

}  // namespace

Bound constant(Value value, Type type) {
  return derived(type, [value = std::move(value)](const Env&) { return value; });
}

Bound coerce(Bound bound, Type type) {
  if (bound.type == type || type == Type::unknown) return bound;
  const Type from = bound.type;
  bound.run = [run = std::move(bound.run), from, type](const Env& env) {
    return cast(run(env), from, type);
  };
  bound.type = type;
  return bound;
}

Bound Binder::bind(const Expr& expr, std::optional<Type> wanted) {
  if (grouping_ != nullptr && !inside_aggregate_) {
    const bool is_key = std::any_of(grouping_->keys.begin(), grouping_->keys.end(),
                                    [&](const Expr* key) { return same_expression(*key, expr); });
    if (is_key) {
      inside_aggregate_ = true;  // Its columns are those of the group's first row.
      Bound made = bind(expr, wanted);
      inside_aggregate_ = false;
      return made;
    }
  }
  switch (expr.kind) {
    case ExprKind::null:
    case ExprKind::boolean:
    case ExprKind::integer:
    case ExprKind::decimal:
    case ExprKind::string:
    case ExprKind::bytes: return literal(expr, wanted);
    case ExprKind::placeholder: return placeholder(expr, wanted);
    case ExprKind::column: return column(expr);
    case ExprKind::star: throw failure("42601", "cannot use \"*\" in this context");
    case ExprKind::unary: return unary(expr, wanted);
    case ExprKind::binary: return binary(expr);
    case ExprKind::is_test: return is_test(expr);
    case ExprKind::cast: return cast_to(expr);
    case ExprKind::choice: return choice(expr, wanted);
    case ExprKind::between: return between(expr);
    case ExprKind::in_list: return in_list(expr);
    case ExprKind::in_query: return in_query(expr);
    case ExprKind::exists: return exists(expr);
    case ExprKind::subquery: return subquery(expr);
    case ExprKind::array_query: return array_query(expr);
    case ExprKind::array: return array(expr, wanted);
    case ExprKind::subscript: return subscript(expr);
    case ExprKind::quantified: return quantified(expr);
    case ExprKind::call: return call(expr, wanted);
  }
  throw unsupported("this expression");
}

Bound Binder::condition(const Expr& expr, const std::string& place) {
  Bound made = bind(expr, Type::boolean);
  if (made.type == Type::unknown) return coerce(std::move(made), Type::boolean);
  if (made.type != Type::boolean) {
    throw failure("42804",
                  "argument of " + place + " must be type bool, not type " + short_name(made.type));
  }
  return made;
}

bool Binder::is_untyped(const Expr& expr) const {
  if (expr.kind == ExprKind::null || expr.kind == ExprKind::string) return true;
  if (expr.kind != ExprKind::placeholder) return false;
  const auto at = static_cast<std::size_t>(expr.number - 1);
  return at >= runtime_.parameter_types.size() || !runtime_.parameter_types[at];
}

std::vector<Bound> Binder::bind_alike(const std::vector<const Expr*>& exprs,
                                      std::optional<Type> wanted) {
  std::vector<Bound> made(exprs.size());
  std::optional<Type> common;
  for (std::size_t at = 0; at < exprs.size(); ++at) {
    if (is_untyped(*exprs[at])) continue;
    made[at] = bind(*exprs[at], wanted);
    const Type type = made[at].type;
    if (type == Type::unknown) continue;
    if (!common || (is_number(type) && is_number(*common) && width(type) > width(*common))) {
      common = type;
    }
  }
  const bool untyped_only = !common;
  if (untyped_only) common = wanted;
  for (std::size_t at = 0; at < exprs.size(); ++at) {
    if (!made[at].run) made[at] = bind(*exprs[at], common);
  }
  // Literals alone are text, unless the place says otherwise.
  if (!common) {
    for (const Bound& bound : made) {
      if (bound.type != Type::unknown) common = bound.type;
    }
  }
  if (common) {
    for (Bound& bound : made) {
      const bool fits = bound.type == *common || bound.type == Type::unknown ||
                        (is_number(bound.type) && is_number(*common)) ||
                        (is_text(bound.type) && is_text(*common)) ||
                        (bound.type == Type::timestamp && *common == Type::timestamptz) ||
                        (bound.type == Type::timestamptz && *common == Type::timestamp);
      if (!fits) {
        throw failure("42804", "expected type " + short_name(*common) + ", found type " +
                                   short_name(bound.type));
      }
      bound = coerce(std::move(bound), *common);
    }
  }
  return made;
}

Bound Binder::literal(const Expr& expr, std::optional<Type> wanted) {
  const auto named = [](Bound bound, const char* name) {
    bound.name = name;
    return bound;
  };
  switch (expr.kind) {
    case ExprKind::boolean: return named(constant(expr.text == "true", Type::boolean), "bool");
    case ExprKind::integer:
    case ExprKind::decimal: {
      Type type = expr.kind == ExprKind::integer ? Type::int8 : Type::decimal;
      if (wanted == Type::float8 || (wanted == Type::decimal && type == Type::int8)) {
        type = *wanted;
      }
      if (expr.kind == ExprKind::integer && expr.text.size() > 18 && type == Type::int8) {
        try {
          return constant(from_text(expr.text, Type::int8), type);
        } catch (const Failure&) {  // Too large for INT8: the server takes it as DECIMAL.
          type = Type::decimal;
        }
      }
      return constant(from_text(expr.text, type), type);
    }
    case ExprKind::string: {
      const Type type = wanted && *wanted != Type::unknown ? *wanted : Type::text;
      return constant(from_text(expr.text, type), type);
    }
    case ExprKind::bytes: return constant(expr.text, Type::bytes);
    default: return constant(Null{}, wanted.value_or(Type::unknown));
  }
}

Bound Binder::placeholder(const Expr& expr, std::optional<Type> wanted) {
  const auto at = static_cast<std::size_t>(expr.number - 1);
  auto& types = runtime_.parameter_types;
  if (at >= types.size()) types.resize(at + 1);
  if (!types[at]) types[at] = wanted;
  if (!types[at] || *types[at] == Type::unknown) {
    throw failure("42P18",
                  "could not determine data type of placeholder $" + std::to_string(expr.number));
  }
  const Runtime& runtime = runtime_;
  return derived(*types[at], [&runtime, at](const Env&) {
    return at < runtime.parameters.size() ? runtime.parameters[at] : Value(Null{});
  });
}

Bound Binder::column(const Expr& expr) {
  const std::string& name = expr.path.back();
  // A qualifier may be longer than the alias ("system.crdb_internal.t.c").
  const std::string qualifier = expr.path.size() > 1 ? expr.path[expr.path.size() - 2] : "";
  int depth = 0;
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->outer, ++depth) {
    if (scope->fields == nullptr) continue;
    const Fields& fields = *scope->fields;
    std::optional<std::size_t> found;
    for (std::size_t at = 0; at < fields.size(); ++at) {
      const Field& field = fields[at];
      if (field.name != name || (!qualifier.empty() && field.qualifier != qualifier)) continue;
      if (qualifier.empty() && field.hidden) continue;
      if (found) {
        throw failure("42702", "column reference \"" + written(expr.path) + "\" is ambiguous");
      }
      found = at;
    }
    if (!found) continue;
    const Field& field = fields[*found];
    if (depth == 0 && grouping_ != nullptr && !inside_aggregate_) {
      throw failure("42803", "column \"" + name +
                                 "\" must appear in the GROUP BY clause or be used in an "
                                 "aggregate function");
    }
    Bound made = derived(field.type, [depth, at = *found](const Env& env) -> Value {
      const Env* around = &env;
      for (int up = 0; up < depth && around != nullptr; ++up) around = around->outer;
      return around != nullptr && around->row != nullptr ? (*around->row)[at] : Value(Null{});
    });
    made.name = field.name;
    made.table_oid = field.table_oid;
    made.attribute = field.attribute;
    return made;
  }
  throw undefined_column(written(expr.path));
}

Bound Binder::unary(const Expr& expr, std::optional<Type> wanted) {
  if (expr.text == "not") {
    Bound operand = condition(*expr.children[0], "NOT");
    return derived(Type::boolean, [run = std::move(operand.run)](const Env& env) -> Value {
      const Value value = run(env);
      if (is_null(value)) return Null{};
      return !std::get<bool>(value);
    });
  }
  Bound operand = bind(*expr.children[0], wanted);
  if (operand.type == Type::interval) {
    return bind_operator("*", std::move(operand), constant(std::int64_t{-1}, Type::int8), runtime_);
  }
  return bind_operator("-", constant(std::int64_t{0}, Type::int8), std::move(operand), runtime_);
}

std::pair<Bound, Bound> Binder::bind_pair(const Expr& left, const Expr& right) {
  // The typed side decides what the untyped one is; numbers keep their own types,
  // but for literals next to a FLOAT8.
  const bool left_waits =
      is_untyped(left) || left.kind == ExprKind::integer || left.kind == ExprKind::decimal;
  if (left_waits) {
    Bound second =
        bind(right, is_untyped(right) && !is_untyped(left) ? std::optional(bind(left).type)
                                                           : std::nullopt);
    Bound first = bind(left, second.type);
    return {std::move(first), std::move(second)};
  }
  Bound first = bind(left);
  Bound second = bind(right, first.type);
  return {std::move(first), std::move(second)};
}

Bound Binder::binary(const Expr& expr) {
  const std::string& op = expr.text;
  const Expr& left = *expr.children[0];
  const Expr& right = *expr.children[1];
  if (op == "and" || op == "or") {
    const bool decisive = op == "or";
    Bound first = condition(left, op == "and" ? "AND" : "OR");
    Bound second = condition(right, op == "and" ? "AND" : "OR");
    return derived(
        Type::boolean,
        [decisive, a = std::move(first.run), b = std::move(second.run)](const Env& env) -> Value {
          const Value one = a(env);
          if (!is_null(one) && std::get<bool>(one) == decisive) return decisive;
          Value other = b(env);
          if (!is_null(other) && std::get<bool>(other) == decisive) return decisive;
          return is_null(one) ? Value(Null{}) : other;
        });
  }
  if (op == "->" || op == "->>") {
    // The key's own type says whether a member or an element is meant.
    Bound document = bind(left, Type::jsonb);
    return bind_operator(op, std::move(document), bind(right, Type::text), runtime_);
  }
  // Spans are written as text next to a time: now() - '10s'.
  if ((op == "-" || op == "+") && right.kind == ExprKind::string && !is_untyped(left)) {
    Bound moment = bind(left);
    if (moment.type == Type::timestamp || moment.type == Type::timestamptz) {
      return bind_operator(op, std::move(moment), bind(right, Type::interval), runtime_);
    }
    const Type type = moment.type;
    return bind_operator(op, std::move(moment), bind(right, type), runtime_);
  }
  auto [first, second] = bind_pair(left, right);
  return bind_operator(op, std::move(first), std::move(second), runtime_);
}

Bound Binder::is_test(const Expr& expr) {
  const bool negated = expr.negated;
  if (expr.text == "distinct") {
    auto [left, right] = bind_pair(*expr.children[0], *expr.children[1]);
    const Comparison same = comparison("=", left.type, right.type);
    // IS NOT DISTINCT FROM is the plain equality that knows NULL.
    return derived(Type::boolean,
                   [negated, same, a = std::move(left.run),
                    b = std::move(right.run)](const Env& env) -> Value {
                     const Value one = a(env);
                     const Value other = b(env);
                     const bool equal = is_null(one) || is_null(other)
                                            ? is_null(one) && is_null(other)
                                            : *same(one, other);
                     return equal == negated;
                   });
  }
  if (expr.text == "null") {
    const Expr& operand = *expr.children[0];
    Bound bound = bind(operand, is_untyped(operand) ? std::optional(Type::text) : std::nullopt);
    return derived(Type::boolean, [negated, run = std::move(bound.run)](const Env& env) -> Value {
      return is_null(run(env)) != negated;
    });
  }
  const bool expected = expr.text == "true";
  Bound bound = condition(*expr.children[0], "IS");
  return derived(Type::boolean,
                 [negated, expected, run = std::move(bound.run)](const Env& env) -> Value {
                   const Value value = run(env);
                   return (!is_null(value) && std::get<bool>(value) == expected) != negated;
                 });
}

Bound Binder::cast_to(const Expr& expr) {
  const Expr& operand = *expr.children[0];
  const Type to = expr.type;
  // Literals are read as the type at once; for others the cast comes last.
  const bool adapts = is_untyped(operand) || operand.kind == ExprKind::array ||
                      operand.kind == ExprKind::integer || operand.kind == ExprKind::decimal;
  Bound bound = bind(operand, adapts ? std::optional(to) : std::nullopt);
  const std::string name = name_of_cast(operand, bound, to);
  bound = coerce(std::move(bound), to);
  bound.name = name;
  bound.table_oid = 0;
  bound.attribute = 0;
  return bound;
}

}  // namespace faultline::sim::sql
