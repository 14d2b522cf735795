#include <algorithm>

#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/select.hpp"
#include "simulator/sql/types.hpp"

// WITH, UNION, ORDER BY, LIMIT: what stands around SELECT.

namespace faultline::sim::sql {
namespace {

std::function<std::optional<std::size_t>()> bind_count(Runtime& runtime, const ExprPtr& expr,
                                                       const NamedQueries& named,
                                                       const std::string& clause) {
  if (!expr) return [] { return std::optional<std::size_t>(); };
  Bound bound = Binder(runtime, nullptr, named).bind(*expr, Type::int8);
  if (bound.type != Type::int8 && bound.type != Type::unknown) {
    throw failure(
        "42804", "argument of " + clause + " must be type int, not type " + short_name(bound.type));
  }
  return [run = std::move(bound.run), clause]() -> std::optional<std::size_t> {
    const Value value = run(Env{});
    if (is_null(value)) return std::nullopt;
    const std::int64_t count = std::get<std::int64_t>(value);
    if (count < 0) throw failure("22023", "negative value for " + clause);
    return static_cast<std::size_t>(count);
  };
}

// All branches of a UNION, each cast to the types of the first that has them.
SelectPlan unite(std::vector<Plan> branches, std::vector<bool> all) {
  SelectPlan made;
  Fields& fields = made.plan.fields;
  fields = branches.front().fields;
  for (Field& field : fields) field.table_oid = 0;
  for (const Plan& branch : branches) {
    if (branch.fields.size() != fields.size()) {
      throw failure("42601", "each UNION query must have the same number of columns: " +
                                 std::to_string(fields.size()) + " vs " +
                                 std::to_string(branch.fields.size()));
    }
    for (std::size_t at = 0; at < fields.size(); ++at) {
      const Type type = branch.fields[at].type;
      if (fields[at].type == Type::unknown) fields[at].type = type;
      const bool numbers = is_number(type) && is_number(fields[at].type);
      const bool fits = type == fields[at].type || type == Type::unknown || numbers ||
                        (is_text(type) && is_text(fields[at].type));
      if (!fits) {
        throw failure("42804", "UNION types " + short_name(fields[at].type) + " and " +
                                   short_name(type) + " cannot be matched");
      }
    }
  }
  made.plan.run = [branches = std::move(branches), all = std::move(all), fields](const Env* outer) {
    std::vector<Row> rows;
    for (std::size_t number = 0; number < branches.size(); ++number) {
      for (Row& row : branches[number].run(outer)) {
        for (std::size_t at = 0; at < fields.size(); ++at) {
          row[at] = cast(row[at], branches[number].fields[at].type, fields[at].type);
        }
        rows.push_back(std::move(row));
      }
      if (!all[number]) remove_duplicates(rows, fields);
    }
    return rows;
  };
  return made;
}

// ORDER BY behind a UNION or VALUES sees the columns of the result only.
void order_by_output(SelectPlan& made, const std::vector<OrderItem>& items) {
  for (const OrderItem& item : items) {
    SelectPlan::Key key;
    key.descending = item.descending;
    key.nulls_first = item.nulls_first.value_or(!item.descending);
    const Fields& fields = made.plan.fields;
    key.at = fields.size();
    for (std::size_t at = 0; at < fields.size(); ++at) {
      const bool by_name = item.expr->kind == ExprKind::column && item.expr->path.size() == 1 &&
                           item.expr->path[0] == fields[at].name;
      const bool by_position =
          item.expr->kind == ExprKind::integer && item.expr->text == std::to_string(at + 1);
      if (by_name || by_position) key.at = at;
    }
    if (key.at == fields.size()) {
      if (item.expr->kind == ExprKind::column) throw undefined_column(written(item.expr->path));
      throw unsupported("ORDER BY an expression behind UNION or VALUES");
    }
    key.type = fields[key.at].type;
    made.keys.push_back(key);
  }
}

SelectPlan plan_branches(Runtime& runtime, const Query& query, const Scope* outer,
                         const NamedQueries& named) {
  const Query::Branch& first = query.branches.front();
  if (query.branches.size() == 1 && first.select && !first.select->is_values) {
    return plan_select(runtime, *first.select, query.order_by, outer, named);
  }
  std::vector<Plan> plans;
  std::vector<bool> all;
  for (const Query::Branch& branch : query.branches) {
    plans.push_back(branch.select ? plan_select(runtime, *branch.select, {}, outer, named).plan
                                  : plan_query(runtime, *branch.nested, outer, named));
    all.push_back(branch.all);
  }
  SelectPlan made;
  if (plans.size() == 1) {
    made.plan = std::move(plans.front());
  } else {
    made = unite(std::move(plans), std::move(all));
  }
  order_by_output(made, query.order_by);
  return made;
}

void sort(std::vector<Row>& rows, const std::vector<SelectPlan::Key>& keys) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& left, const Row& right) {
    for (const SelectPlan::Key& key : keys) {
      const Value& one = left[key.at];
      const Value& other = right[key.at];
      if (is_null(one) != is_null(other)) return is_null(one) == key.nulls_first;
      const int side = order(one, other, key.type);
      if (side != 0) return (side < 0) != key.descending;
    }
    return false;
  });
}

}  // namespace

Plan plan_query(Runtime& runtime, const Query& query, const Scope* outer,
                const NamedQueries& named) {
  if (++runtime.queries_count > kQueriesMax) throw failure("54001", "statement is too complex");
  NamedQueries known = named;
  for (const Query::Named& each : query.with) known[each.name] = &each;
  SelectPlan branches = plan_branches(runtime, query, outer, known);
  const auto limit = bind_count(runtime, query.limit, known, "LIMIT");
  const auto offset = bind_count(runtime, query.offset, known, "OFFSET");
  Plan made;
  made.fields = std::move(branches.plan.fields);
  made.run = [run = std::move(branches.plan.run), keys = std::move(branches.keys), limit, offset,
              width = made.fields.size()](const Env* around) {
    std::vector<Row> rows = run(around);
    if (!keys.empty()) sort(rows, keys);
    if (const auto skipped = offset()) {
      const std::size_t count = std::min(*skipped, rows.size());
      rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
    }
    if (const auto kept = limit(); kept && *kept < rows.size()) rows.resize(*kept);
    for (Row& row : rows) row.resize(width);
    return rows;
  };
  return made;
}

}  // namespace faultline::sim::sql
