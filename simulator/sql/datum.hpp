#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "simulator/sql/catalog.hpp"

namespace faultline::sim::sql {

[[nodiscard]] inline bool is_null(const Value& value) {
  return std::holds_alternative<Null>(value);
}

/// As the text protocol sends it (and CAST ... AS STRING gives it, but for booleans).
[[nodiscard]] std::string to_text(const Value& value, Type type);
/// What a text means as `type`; throws 22P02. `Type::unknown` keeps it text.
[[nodiscard]] Value from_text(std::string_view text, Type type);

/// Explicit cast; throws 22P02 when the value cannot be read, 42846 when no such cast exists.
[[nodiscard]] Value cast(const Value& value, Type from, Type to);

/// Order of two values that are not NULL, both of `type` (or of two number types).
[[nodiscard]] std::partial_ordering compare(const Value& left, Type left_type, const Value& right,
                                            Type right_type);
/// For ORDER BY, DISTINCT and GROUP BY: total, NULLs first, NaN before numbers.
[[nodiscard]] int order(const Value& left, const Value& right, Type type);

[[nodiscard]] double as_double(const Value& value, Type type);
/// Elements of an array as values of element_of(type).
[[nodiscard]] std::vector<Value> elements(const Value& array);
[[nodiscard]] Value array_from(const std::vector<Value>& values, Type element);

}  // namespace faultline::sim::sql
