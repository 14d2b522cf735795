#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "simulator/sql/ast.hpp"

namespace faultline::sim::sql {

struct Parsed {
  std::vector<Statement> statements;  ///< None for an empty text or a lone ";".
  int placeholders_count = 0;         ///< The highest $n.
};

/// The statements of a text, separated by semicolons. Throws 42601.
[[nodiscard]] Parsed parse(std::string_view sql);

}  // namespace faultline::sim::sql
