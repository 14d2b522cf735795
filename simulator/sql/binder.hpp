#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/sql/ast.hpp"
#include "simulator/sql/plan.hpp"

namespace faultline::sim::sql {

/// An aggregate that the binder met; its result is put behind the row's own columns.
struct AggregateCall {
  std::string function;
  bool distinct = false;
  bool order_descending = false;
  std::optional<Bound> argument;  ///< None: count(*).
  std::string delimiter;          ///< string_agg
  std::optional<Bound> filter;
  std::optional<Bound> order_by;
  Type type = Type::int8;
};

/// How a SELECT with GROUP BY or aggregates binds what stands behind the grouping.
struct Grouping {
  std::vector<const Expr*> keys;
  std::vector<AggregateCall> calls;
};

/// Turns expressions into closures. One per scope; cheap.
class Binder {
 public:
  Binder(Runtime& runtime, const Scope* scope, const NamedQueries& named,
         Grouping* grouping = nullptr)
      : runtime_(runtime), scope_(scope), named_(named), grouping_(grouping) {}

  /// `wanted` is the type that the place suggests: it decides what an untyped literal
  /// or placeholder becomes, and nothing else.
  [[nodiscard]] Bound bind(const Expr& expr, std::optional<Type> wanted = std::nullopt);
  /// Must be (or become) a boolean; `place` is for the message.
  [[nodiscard]] Bound condition(const Expr& expr, const std::string& place);
  /// All of one type: of what is typed, the widest.
  [[nodiscard]] std::vector<Bound> bind_alike(const std::vector<const Expr*>& exprs,
                                              std::optional<Type> wanted = std::nullopt);
  [[nodiscard]] Runtime& runtime() { return runtime_; }

 private:
  Bound literal(const Expr& expr, std::optional<Type> wanted);
  Bound placeholder(const Expr& expr, std::optional<Type> wanted);
  Bound column(const Expr& expr);
  Bound unary(const Expr& expr, std::optional<Type> wanted);
  Bound binary(const Expr& expr);
  Bound is_test(const Expr& expr);
  Bound cast_to(const Expr& expr);
  Bound choice(const Expr& expr, std::optional<Type> wanted);
  Bound between(const Expr& expr);
  Bound in_list(const Expr& expr);
  Bound in_query(const Expr& expr);
  Bound exists(const Expr& expr);
  Bound subquery(const Expr& expr);
  Bound array_query(const Expr& expr);
  Bound array(const Expr& expr, std::optional<Type> wanted);
  Bound subscript(const Expr& expr);
  Bound quantified(const Expr& expr);
  Bound call(const Expr& expr, std::optional<Type> wanted);
  Bound aggregate(const Expr& expr);
  Bound conditional_call(const std::string& name, const Expr& expr, std::optional<Type> wanted);
  [[nodiscard]] bool is_untyped(const Expr& expr) const;
  std::pair<Bound, Bound> bind_pair(const Expr& left, const Expr& right);
  Plan single_column(const Query& query);

  Runtime& runtime_;
  const Scope* scope_;
  const NamedQueries& named_;
  Grouping* grouping_;
  bool inside_aggregate_ = false;
};

[[nodiscard]] bool is_aggregate(const std::string& function);
[[nodiscard]] bool contains_aggregate(const Expr& expr);

/// An assignment or UNION conversion: a cast that only widens, or from untyped text.
[[nodiscard]] Bound coerce(Bound bound, Type type);
[[nodiscard]] Bound constant(Value value, Type type);

// operators.cpp: typed and checked; NULL in, NULL out.
[[nodiscard]] Bound bind_operator(const std::string& op, Bound left, Bound right,
                                  const Runtime& runtime);
/// The comparison of two values by "=", "<", ...; nothing when one of them is NULL.
using Comparison = std::function<std::optional<bool>(const Value&, const Value&)>;
[[nodiscard]] Comparison comparison(const std::string& op, Type left, Type right);

// functions.cpp
[[nodiscard]] Bound bind_function(Runtime& runtime, const std::string& name,
                                  std::vector<Bound> arguments);
/// What the function's parameters suggest for untyped arguments; nothing when any will do.
[[nodiscard]] std::vector<std::optional<Type>> suggested_types(const std::string& name,
                                                               std::size_t count);
/// unnest and generate_series: a value for each row they give. Nothing: not one of them.
struct SetFunction {
  Type type;
  std::string name;
  std::function<std::vector<Value>(const Env&)> run;
};
[[nodiscard]] bool is_set_function(const Expr& expr);
[[nodiscard]] SetFunction bind_set_function(Binder& binder, const Expr& expr);

// aggregates.cpp
[[nodiscard]] Value run_aggregate(const AggregateCall& call, const std::vector<const Row*>& rows,
                                  const Env* outer);
[[nodiscard]] Type aggregate_type(const std::string& function, Type argument);

}  // namespace faultline::sim::sql
