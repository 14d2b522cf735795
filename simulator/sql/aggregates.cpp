#include <algorithm>
#include <array>
#include <set>

#include "simulator/sql/binder.hpp"
#include "simulator/sql/datum.hpp"
#include "simulator/sql/decimal.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

constexpr std::array<std::string_view, 11> kAggregates{"count", "sum",       "sum_int",   "min",
                                                       "max",   "avg",       "bool_and",  "bool_or",
                                                       "every", "array_agg", "string_agg"};

struct Item {
  Value value;
  Value order;
};

// The argument of each row that passes the filter, NULLs included.
std::vector<Item> items_of(const AggregateCall& call, const std::vector<const Row*>& rows,
                           const Env* outer) {
  std::vector<Item> items;
  items.reserve(rows.size());
  for (const Row* row : rows) {
    const Env env{row, outer};
    if (call.filter) {
      const Value passes = call.filter->run(env);
      if (is_null(passes) || !std::get<bool>(passes)) continue;
    }
    Item item{call.argument ? call.argument->run(env) : Value(true), Null{}};
    if (call.order_by) item.order = call.order_by->run(env);
    items.push_back(std::move(item));
  }
  return items;
}

Value sum(const std::vector<Item>& items, Type argument, Type result) {
  if (items.empty()) return Null{};
  if (argument == Type::float8) {
    double total = 0;
    for (const Item& item : items) total += std::get<double>(item.value);
    return total;
  }
  Decimal total;
  for (const Item& item : items) {
    const auto next = Decimal::parse(to_text(item.value, argument));
    const auto made = next ? Decimal::add(total, *next) : std::nullopt;
    if (!made) throw failure("22003", "sum out of range");
    total = *made;
  }
  return cast(total.text(), Type::decimal, result);
}

Value average(const std::vector<Item>& items, Type argument) {
  const Value total = sum(items, argument, argument == Type::float8 ? Type::float8 : Type::decimal);
  if (is_null(total)) return total;
  if (argument == Type::float8) {
    return std::get<double>(total) / static_cast<double>(items.size());
  }
  const auto made = Decimal::divide(*Decimal::parse(std::get<std::string>(total)),
                                    Decimal(static_cast<long long>(items.size())));
  if (!made) throw failure("22003", "avg out of range");
  return made->text();
}

Value extreme(const std::vector<Item>& items, Type type, int side) {
  Value best = Null{};
  for (const Item& item : items) {
    if (is_null(best) || order(item.value, best, type) * side > 0) best = item.value;
  }
  return best;
}

Value joined(const std::vector<Item>& items, Type type, const std::string& delimiter) {
  if (items.empty()) return Null{};
  std::string text;
  for (const Item& item : items) {
    if (&item != &items.front()) text += delimiter;
    text += to_text(item.value, type);
  }
  return text;
}

Value collected(const std::vector<Item>& items, Type type) {
  if (items.empty()) return Null{};
  std::vector<Value> values;
  for (const Item& item : items) values.push_back(item.value);
  return array_from(values, array_of(type) == Type::int8_array ? Type::int8 : type);
}

void keep_distinct(std::vector<Item>& items, Type type) {
  const auto less = [type](const Value& left, const Value& right) {
    return order(left, right, type) < 0;
  };
  std::set<Value, decltype(less)> seen(less);
  std::erase_if(items, [&](const Item& item) { return !seen.insert(item.value).second; });
}

}  // namespace

bool is_aggregate(const std::string& function) {
  return std::find(kAggregates.begin(), kAggregates.end(), function) != kAggregates.end();
}

bool contains_aggregate(const Expr& expr) {
  if (expr.kind == ExprKind::call && is_aggregate(written(expr.path))) return true;
  return std::any_of(expr.children.begin(), expr.children.end(),
                     [](const ExprPtr& child) { return contains_aggregate(*child); });
}

Type aggregate_type(const std::string& function, Type argument) {
  const auto mismatch = [&] {
    return undefined_function(function + "(" + short_name(argument) + ")", true);
  };
  if (function == "count") return Type::int8;
  if (function == "sum" || function == "avg") {
    if (argument == Type::unknown) return Type::decimal;
    if (!is_number(argument)) throw mismatch();
    return argument == Type::float8 ? Type::float8 : Type::decimal;
  }
  if (function == "sum_int") {
    if (argument != Type::int8) throw mismatch();
    return Type::int8;
  }
  if (function == "bool_and" || function == "bool_or" || function == "every") {
    if (argument != Type::boolean) throw mismatch();
    return Type::boolean;
  }
  if (function == "array_agg") return array_of(argument);
  if (function == "string_agg") {
    if (!is_text(argument)) throw mismatch();
    return Type::text;
  }
  return argument;
}

Value run_aggregate(const AggregateCall& call, const std::vector<const Row*>& rows,
                    const Env* outer) {
  std::vector<Item> items = items_of(call, rows, outer);
  const Type type = call.argument ? call.argument->type : Type::boolean;
  if (call.order_by) {
    const int direction = call.order_descending ? -1 : 1;
    std::stable_sort(items.begin(), items.end(), [&](const Item& left, const Item& right) {
      return order(left.order, right.order, call.order_by->type) * direction < 0;
    });
  }
  if (call.function != "array_agg") {
    std::erase_if(items, [](const Item& item) { return is_null(item.value); });
  }
  if (call.distinct) keep_distinct(items, type);
  if (call.function == "count") return static_cast<std::int64_t>(items.size());
  if (call.function == "sum" || call.function == "sum_int") return sum(items, type, call.type);
  if (call.function == "avg") return average(items, type);
  if (call.function == "min") return extreme(items, type, -1);
  if (call.function == "max") return extreme(items, type, 1);
  if (call.function == "bool_or") return extreme(items, type, 1);
  if (call.function == "bool_and" || call.function == "every") return extreme(items, type, -1);
  if (call.function == "string_agg") return joined(items, type, call.delimiter);
  return collected(items, type);
}

}  // namespace faultline::sim::sql
