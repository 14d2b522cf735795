#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace faultline::chaos {

/// The member `name` of an object, or null: Docker writes null for what is empty.
inline const nlohmann::json& member(const nlohmann::json& object, const std::string& name) {
  static const nlohmann::json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

/// A string's text; nothing of all else.
inline std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : std::string{};
}

}  // namespace faultline::chaos
