#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"

namespace faultline::wire {

// Empty becomes null: unknown is written down, never left out and never zero.

template <class T>
[[nodiscard]] nlohmann::json or_null(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}
[[nodiscard]] inline nlohmann::json or_null(const std::optional<WallTime>& value) {
  return value ? nlohmann::json(to_ms(*value)) : nlohmann::json(nullptr);
}
[[nodiscard]] inline nlohmann::json or_null(const std::optional<NodeId>& value) {
  return value ? nlohmann::json(value->value) : nlohmann::json(nullptr);
}

/// Compact text. Bytes that are not UTF-8 (a database may say anything) become
/// U+FFFD instead of an exception.
[[nodiscard]] inline std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace faultline::wire
