#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "chaosd/docker/docker_json.hpp"
#include "common/wire/json_read.hpp"

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

/// The texts of an object's members, by name; of all else none.
inline std::map<std::string, std::string> labels_in(const nlohmann::json& labels) {
  std::map<std::string, std::string> all;
  if (!labels.is_object()) return all;
  for (const auto& [name, value] : labels.items()) all[name] = text_of(value);
  return all;
}

inline Result<nlohmann::json> parse_as(std::string_view body,
                                       bool (nlohmann::json::*is_kind)() const noexcept) {
  auto document = wire::parse_json(body);
  if (document && !((*document).*is_kind)()) {
    return Error{ErrorCode::malformed, "the Engine's answer has another shape"};
  }
  return document;
}
inline Result<nlohmann::json> parse_answer(std::string_view body) {
  return parse_as(body, &nlohmann::json::is_object);
}
inline Result<nlohmann::json> parse_list(std::string_view body) {
  return parse_as(body, &nlohmann::json::is_array);
}

/// `filters=` for what has all of these labels, each "name" or "name=value"; percent-encoded.
inline std::string label_filter(const std::vector<std::string>& labels) {
  return percent_encoded(nlohmann::json{{"label", labels}}.dump());
}

}  // namespace faultline::chaos
