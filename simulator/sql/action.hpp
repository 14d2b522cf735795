#pragma once

#include <functional>
#include <string>
#include <vector>

#include "simulator/sql/plan.hpp"

namespace faultline::sim::sql {

/// A statement that reads or writes tables, planned and ready to run.
struct Action {
  struct Done {
    std::vector<Row> rows;
    std::string tag;
  };
  bool returns_rows = false;
  bool tag_counts_rows = false;
  Fields fields;
  std::function<Done()> run;
};

/// For every verb but those of Session itself (SET, BEGIN, ...).
[[nodiscard]] Action plan_action(Runtime& runtime, const Statement& statement);

// write.cpp
[[nodiscard]] Action plan_insert(Runtime& runtime, const Statement& statement);
[[nodiscard]] Action plan_update(Runtime& runtime, const Statement& statement);
[[nodiscard]] Action plan_erase(Runtime& runtime, const Statement& statement);

}  // namespace faultline::sim::sql
