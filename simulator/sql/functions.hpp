#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "simulator/sql/plan.hpp"

namespace faultline::sim::sql {

using Arguments = std::vector<Value>;

/// One overload of a scalar function. To add one, put it into the list of its file.
struct Function {
  std::string_view name;
  std::vector<Type> parameters;  ///< unknown: any type. The last one repeats if `variadic`.
  Type result;                   ///< unknown: the type of the first argument.
  std::function<Value(Runtime&, const Arguments&, const std::vector<Type>&)> run;
  bool variadic = false;
  bool takes_null = false;   ///< Otherwise a NULL argument makes the result NULL.
  std::size_t optional = 0;  ///< How many of the last parameters may be left out.
};

[[nodiscard]] const std::vector<Function>& text_functions();    ///< functions_text.cpp
[[nodiscard]] const std::vector<Function>& number_functions();  ///< functions_number.cpp
[[nodiscard]] const std::vector<Function>& system_functions();  ///< functions_system.cpp

}  // namespace faultline::sim::sql
