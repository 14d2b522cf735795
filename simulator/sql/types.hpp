#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/sql/catalog.hpp"

namespace faultline::sim::sql {

struct WireType {
  std::uint32_t oid = 0;
  std::int16_t length = -1;
};

[[nodiscard]] WireType wire_type(Type type);
[[nodiscard]] std::optional<Type> type_from_oid(std::uint32_t oid);

/// By any of its SQL names ("int", "bigint", "string", "double precision", "int[]").
[[nodiscard]] std::optional<Type> type_from_name(std::string_view name);
/// As pg_typeof() and information_schema name it: "bigint", "text", "timestamp without time zone".
[[nodiscard]] std::string standard_name(Type type);
/// As the server's own messages and the columns of bare casts name it: "int8", "text".
[[nodiscard]] std::string short_name(Type type);
/// As SHOW COLUMNS names it: "INT8", "STRING".
[[nodiscard]] std::string sql_name(Type type);

[[nodiscard]] bool is_text(Type type);
[[nodiscard]] bool is_number(Type type);
[[nodiscard]] bool is_array(Type type);
[[nodiscard]] Type element_of(Type array);
[[nodiscard]] Type array_of(Type element);

}  // namespace faultline::sim::sql
