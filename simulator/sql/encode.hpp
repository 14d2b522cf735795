#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/sql/catalog.hpp"

namespace faultline::sim::sql {

enum class Format : std::int16_t { text = 0, binary = 1 };

/// A cell as it goes over the wire; nothing is NULL. The error is that the type has no
/// binary form here.
[[nodiscard]] SqlResult<std::optional<std::string>> encode(const Value& value, Type type,
                                                           Format format);
/// A parameter as it came. `number` counts from 1, for the message.
[[nodiscard]] SqlResult<Value> decode(const std::optional<std::string_view>& raw, Type type,
                                      Format format, std::size_t number);

/// Big-endian, as everything in the protocol is.
void append_integer(std::string& out, std::uint64_t value, int bytes);
[[nodiscard]] std::uint64_t read_integer(std::string_view raw);

}  // namespace faultline::sim::sql
