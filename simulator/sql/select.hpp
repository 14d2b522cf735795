#pragma once

#include <memory>
#include <vector>

#include "simulator/sql/binder.hpp"
#include "simulator/sql/plan.hpp"

namespace faultline::sim::sql {

/// A SELECT or VALUES, planned. Behind the fields that are seen its rows carry a value
/// for each item of ORDER BY that is not among them.
struct SelectPlan {
  struct Key {
    std::size_t at = 0;  ///< Position in the row.
    Type type = Type::unknown;
    bool descending = false;
    bool nulls_first = true;
  };
  Plan plan;
  std::vector<Key> keys;
};

[[nodiscard]] SelectPlan plan_select(Runtime& runtime, const Select& select,
                                     const std::vector<OrderItem>& order_by, const Scope* outer,
                                     const NamedQueries& named);
void remove_duplicates(std::vector<Row>& rows, const Fields& fields);

/// What stands behind FROM: one row of nothing when there is none.
[[nodiscard]] Plan plan_from(Runtime& runtime, const Select& select, const Scope* outer,
                             const NamedQueries& named);

}  // namespace faultline::sim::sql
