#include "simulator/sql/select.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

Field field_of(const Bound& bound, const std::string& alias) {
  Field field;
  field.name = alias.empty() ? bound.name : alias;
  field.type = bound.type;
  field.table_oid = bound.table_oid;
  field.attribute = bound.attribute;
  return field;
}

/// One SELECT while it is being planned.
class Planning {
 public:
  Planning(Runtime& runtime, const Select& select, const Scope* outer, const NamedQueries& named)
      : runtime_(runtime),
        select_(select),
        source_(std::make_shared<Plan>(plan_from(runtime, select, outer, named))),
        scope_{&source_->fields, outer},
        named_(named) {}

  SelectPlan plan(const std::vector<OrderItem>& order_by) {
    if (select_.where) {
      where_ = Binder(runtime_, &scope_, named_).condition(*select_.where, "WHERE").run;
    }
    find_grouping(order_by);
    for (const SelectItem& item : select_.items) add_item(item);
    if (select_.having) {
      having_ = binder().condition(*select_.having, "HAVING").run;
    }
    SelectPlan made;
    made.plan.fields = fields_;
    for (const OrderItem& item : order_by) made.keys.push_back(order_key(item));
    made.plan.run = runner();
    return made;
  }

 private:
  Binder binder() { return {runtime_, &scope_, named_, grouped_ ? grouping_.get() : nullptr}; }

  // GROUP BY may name an item of the select list by position or alias.
  void find_grouping(const std::vector<OrderItem>& order_by) {
    grouped_ = !select_.group_by.empty() || select_.having != nullptr;
    for (const SelectItem& item : select_.items) {
      grouped_ = grouped_ || contains_aggregate(*item.expr);
    }
    for (const OrderItem& item : order_by) grouped_ = grouped_ || contains_aggregate(*item.expr);
    for (const ExprPtr& written : select_.group_by) {
      const Expr* key = written.get();
      if (key->kind == ExprKind::integer) {
        key = select_.items[position(key->text, "GROUP BY")].expr.get();
      } else if (key->kind == ExprKind::column && key->path.size() == 1 &&
                 !is_field(key->path[0])) {
        const auto named =
            std::find_if(select_.items.begin(), select_.items.end(),
                         [&](const SelectItem& item) { return item.alias == key->path[0]; });
        if (named != select_.items.end()) key = named->expr.get();
      }
      grouping_->keys.push_back(key);
      keys_.push_back(Binder(runtime_, &scope_, named_).bind(*key));
    }
    add_spellings();
  }

  // "n.node_id" and "node_id" are the same column: every spelling of a key counts.
  void add_spellings() {
    for (std::size_t at = 0; at < keys_.size(); ++at) {
      const Expr* key = grouping_->keys[at];
      if (key->kind != ExprKind::column) continue;
      for (const Field& field : source_->fields) {
        if (field.name != key->path.back()) continue;
        if (key->path.size() > 1 && key->path[key->path.size() - 2] != field.qualifier) continue;
        for (std::vector<std::string> path :
             {std::vector{field.name}, std::vector{field.qualifier, field.name}}) {
          spellings_->push_back(std::make_unique<Expr>());
          spellings_->back()->kind = ExprKind::column;
          spellings_->back()->path = std::move(path);
          grouping_->keys.push_back(spellings_->back().get());
        }
      }
    }
  }

  [[nodiscard]] bool is_field(const std::string& name) const {
    return std::any_of(source_->fields.begin(), source_->fields.end(),
                       [&](const Field& field) { return field.name == name; });
  }

  [[nodiscard]] std::size_t position(const std::string& text, const char* clause) const {
    std::size_t number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    if (number < 1 || number > select_.items.size()) {
      throw failure("42P10", std::string(clause) + " position " + text + " is not in select list");
    }
    return number - 1;
  }

  void add_item(const SelectItem& item) {
    if (item.expr->kind == ExprKind::star) return add_star(*item.expr);
    if (is_set_function(*item.expr)) {
      if (grouped_) throw unsupported("set-returning functions beside aggregates");
      Binder made = binder();
      SetFunction function = bind_set_function(made, *item.expr);
      Field field;
      field.name = item.alias.empty() ? function.name : item.alias;
      field.type = function.type;
      fields_.push_back(field);
      expanded_.emplace_back(items_.size(), std::move(function.run));
      items_.push_back(constant(Null{}, function.type));
      return;
    }
    Bound bound = binder().bind(*item.expr);
    fields_.push_back(field_of(bound, item.alias));
    items_.push_back(std::move(bound));
  }

  void add_star(const Expr& star) {
    bool any = false;
    for (std::size_t at = 0; at < source_->fields.size(); ++at) {
      const Field& field = source_->fields[at];
      if (star.path.empty() ? field.hidden : field.qualifier != star.path.back()) continue;
      any = true;
      Expr column;
      column.kind = ExprKind::column;
      column.path = {field.qualifier, field.name};
      if (field.qualifier.empty()) column.path.erase(column.path.begin());
      if (grouped_) {
        Bound bound = binder().bind(column);
        fields_.push_back(field_of(bound, ""));
        items_.push_back(std::move(bound));
        continue;
      }
      Bound bound = constant(Null{}, field.type);
      bound.run = [at](const Env& env) { return (*env.row)[at]; };
      fields_.push_back(field);
      fields_.back().qualifier.clear();
      fields_.back().hidden = false;
      items_.push_back(std::move(bound));
    }
    if (any) return;
    if (!star.path.empty()) {
      throw failure("42P01", "no data source named \"" + written(star.path) + "\"");
    }
    if (select_.from.empty()) {
      throw failure("42602", "cannot use \"*\" without a FROM clause");
    }
  }

  SelectPlan::Key order_key(const OrderItem& item) {
    SelectPlan::Key key;
    key.descending = item.descending;
    // NULLs are the smallest values, unless the statement says where they go.
    key.nulls_first = item.nulls_first.value_or(!item.descending);
    const Expr& expr = *item.expr;
    if (expr.kind == ExprKind::integer) {
      std::size_t number = 0;
      (void)std::from_chars(expr.text.data(), expr.text.data() + expr.text.size(), number);
      if (number < 1 || number > fields_.size()) {
        throw failure("42P10", "ORDER BY position " + expr.text + " is not in select list");
      }
      key.at = number - 1;
    } else if (const auto named = output(expr)) {
      key.at = *named;
    } else {
      key.at = items_.size();
      items_.push_back(binder().bind(expr));
    }
    key.type = items_[key.at].type;
    return key;
  }

  [[nodiscard]] std::optional<std::size_t> output(const Expr& expr) const {
    if (expr.kind != ExprKind::column || expr.path.size() != 1) return std::nullopt;
    for (std::size_t at = 0; at < fields_.size(); ++at) {
      if (fields_[at].name == expr.path[0]) return at;
    }
    return std::nullopt;
  }

  using Rows = std::vector<Row>;

  // The groups of rows, each as its first row with the aggregates' results behind it.
  static Rows group(const Rows& rows, const std::vector<Bound>& keys, const Grouping& grouping,
                    std::size_t width, const Env* outer) {
    const auto less = [&](const Row& left, const Row& right) {
      for (std::size_t at = 0; at < keys.size(); ++at) {
        const int side = order(left[at], right[at], keys[at].type);
        if (side != 0) return side < 0;
      }
      return false;
    };
    std::map<Row, std::vector<const Row*>, decltype(less)> groups(less);
    for (const Row& row : rows) {
      const Env env{&row, outer};
      Row key;
      for (const Bound& bound : keys) key.push_back(bound.run(env));
      groups[std::move(key)].push_back(&row);
    }
    if (groups.empty() && keys.empty()) groups[{}] = {};
    Rows made;
    for (const auto& [key, members] : groups) {
      Row row = members.empty() ? Row(width, Null{}) : *members.front();
      for (const AggregateCall& call : grouping.calls) {
        row.push_back(run_aggregate(call, members, outer));
      }
      made.push_back(std::move(row));
    }
    return made;
  }

  std::function<Rows(const Env*)> runner() {
    using Expanded =
        std::vector<std::pair<std::size_t, std::function<std::vector<Value>(const Env&)>>>;
    struct Shared {
      std::shared_ptr<Plan> source;
      std::function<Value(const Env&)> where;
      std::function<Value(const Env&)> having;
      std::vector<Bound> items;
      std::vector<Bound> keys;
      std::shared_ptr<Grouping> grouping;
      Expanded expanded;
      Fields fields;
      bool grouped = false;
      bool distinct = false;
    };
    auto parts =
        std::make_shared<const Shared>(Shared{source_, where_, having_, items_, keys_, grouping_,
                                              expanded_, fields_, grouped_, select_.distinct});
    Runtime& runtime = runtime_;
    return [parts, &runtime](const Env* outer) {
      const auto holds = [&](const std::function<Value(const Env&)>& test, const Row& row) {
        if (!test) return true;
        const Value verdict = test(Env{&row, outer});
        return !is_null(verdict) && std::get<bool>(verdict);
      };
      Rows rows = parts->source->run(outer);
      if (parts->where)
        std::erase_if(rows, [&](const Row& row) { return !holds(parts->where, row); });
      if (parts->grouped) {
        rows = group(rows, parts->keys, *parts->grouping, parts->source->fields.size(), outer);
      }
      Rows made;
      for (const Row& row : rows) {
        if (!holds(parts->having, row)) continue;
        const Env env{&row, outer};
        Row out;
        out.reserve(parts->items.size());
        for (const Bound& item : parts->items) out.push_back(item.run(env));
        if (parts->expanded.empty()) {
          made.push_back(std::move(out));
        } else {
          expand(parts->expanded, env, out, made);
        }
        check_size(runtime, made.size());
      }
      if (parts->distinct) remove_duplicates(made, parts->fields);
      return made;
    };
  }

  // As many rows as the longest set function gives, the shorter ones with NULLs behind.
  static void expand(
      const std::vector<std::pair<std::size_t, std::function<std::vector<Value>(const Env&)>>>&
          sets,
      const Env& env, const Row& out, Rows& made) {
    std::vector<std::vector<Value>> values;
    std::size_t longest = 0;
    for (const auto& set : sets) {
      values.push_back(set.second(env));
      longest = std::max(longest, values.back().size());
    }
    for (std::size_t number = 0; number < longest; ++number) {
      Row row = out;
      for (std::size_t at = 0; at < sets.size(); ++at) {
        row[sets[at].first] = number < values[at].size() ? values[at][number] : Value(Null{});
      }
      made.push_back(std::move(row));
    }
  }

  Runtime& runtime_;
  const Select& select_;
  std::shared_ptr<Plan> source_;
  Scope scope_;
  const NamedQueries& named_;
  bool grouped_ = false;
  std::shared_ptr<Grouping> grouping_ = std::make_shared<Grouping>();
  std::shared_ptr<std::vector<ExprPtr>> spellings_ = std::make_shared<std::vector<ExprPtr>>();
  std::vector<Bound> keys_;
  std::vector<Bound> items_;
  Fields fields_;
  std::vector<std::pair<std::size_t, std::function<std::vector<Value>(const Env&)>>> expanded_;
  std::function<Value(const Env&)> where_;
  std::function<Value(const Env&)> having_;
};

SelectPlan plan_values(Runtime& runtime, const Select& select, const Scope* outer,
                       const NamedQueries& named) {
  const std::size_t width = select.values.front().size();
  std::vector<std::vector<Bound>> rows(select.values.size());
  SelectPlan made;
  for (std::size_t column = 0; column < width; ++column) {
    std::vector<const Expr*> cells;
    for (const auto& row : select.values) {
      if (row.size() != width) {
        throw failure("42601", "VALUES lists must all be the same length");
      }
      cells.push_back(row[column].get());
    }
    std::vector<Bound> bound = Binder(runtime, outer, named).bind_alike(cells);
    Field field;
    field.name = "column" + std::to_string(column + 1);
    field.type = bound.front().type;
    made.plan.fields.push_back(field);
    for (std::size_t at = 0; at < rows.size(); ++at) rows[at].push_back(std::move(bound[at]));
  }
  made.plan.run = [rows = std::move(rows)](const Env* around) {
    // There is no row of their own, so the rows around stand one level closer.
    const Env none;
    const Env& env = around != nullptr ? *around : none;
    std::vector<Row> values;
    for (const auto& row : rows) {
      values.emplace_back();
      for (const Bound& cell : row) values.back().push_back(cell.run(env));
    }
    return values;
  };
  return made;
}

}  // namespace

void remove_duplicates(std::vector<Row>& rows, const Fields& fields) {
  const auto less = [&](const Row& left, const Row& right) {
    for (std::size_t at = 0; at < fields.size(); ++at) {
      const int side = order(left[at], right[at], fields[at].type);
      if (side != 0) return side < 0;
    }
    return false;
  };
  std::set<Row, decltype(less)> seen(less);
  std::erase_if(rows, [&](const Row& row) { return !seen.insert(row).second; });
}

SelectPlan plan_select(Runtime& runtime, const Select& select,
                       const std::vector<OrderItem>& order_by, const Scope* outer,
                       const NamedQueries& named) {
  if (select.is_values) {
    if (!order_by.empty()) throw unsupported("ORDER BY directly behind VALUES");
    return plan_values(runtime, select, outer, named);
  }
  return Planning(runtime, select, outer, named).plan(order_by);
}

}  // namespace faultline::sim::sql
