#include "common/wire/json_read.hpp"

#include <cmath>
#include <limits>

namespace faultline::wire {

using nlohmann::json;

Result<json> parse_json(std::string_view text) {
  // The library recurses per level: a megabyte of "[" would end the process.
  constexpr int kDepthMax = 64;
  bool too_deep = false;
  std::string where;
  try {
    const auto guard = [&](int depth, json::parse_event_t, json&) {
      too_deep = too_deep || depth > kDepthMax;
      return !too_deep;
    };
    json document = json::parse(text.begin(), text.end(), guard);
    if (too_deep) return Error{ErrorCode::malformed, "the JSON is nested too deeply"};
    return document;
  } catch (const json::parse_error& error) {
    return Error{ErrorCode::malformed,
                 "the JSON cannot be read at byte " + std::to_string(error.byte)};
  } catch (const json::exception&) {
    return Error{ErrorCode::malformed, "the JSON holds a number that is out of range"};
  }
}

ObjectReader::ObjectReader(const json& object, std::string path)
    : object_(object), path_(std::move(path)) {
  if (!object_.is_object()) {
    error_ =
        Error{ErrorCode::invalid,
              (path_.empty() ? std::string{"the document"} : path_) + " must be an object", path_};
  }
}

const json* ObjectReader::find(const char* name) const {
  if (!object_.is_object()) return nullptr;
  const auto item = object_.find(name);
  return item == object_.end() || item->is_null() ? nullptr : &*item;
}

void ObjectReader::fail(const char* name, const std::string& what) {
  if (error_) return;
  error_ = Error{ErrorCode::invalid, std::string{name} + " " + what, path_ + "/" + name};
}

std::string ObjectReader::text(const char* name) {
  const json* item = find(name);
  if (item == nullptr) {
    fail(name, "is missing; give a text");
    return {};
  }
  if (!item->is_string()) {
    fail(name, "must be a text");
    return {};
  }
  return item->get<std::string>();
}

std::string ObjectReader::text_or(const char* name, std::string fallback) {
  return find(name) == nullptr ? std::move(fallback) : text(name);
}

std::int64_t ObjectReader::integer(const char* name) {
  const json* item = find(name);
  if (item == nullptr) {
    fail(name, "is missing; give a whole number");
    return 0;
  }
  if (!item->is_number_integer() ||
      (item->is_number_unsigned() &&
       item->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())) {
    fail(name, "must be a whole number");
    return 0;
  }
  return item->get<std::int64_t>();
}

double ObjectReader::number(const char* name) {
  const json* item = find(name);
  if (item == nullptr) {
    fail(name, "is missing; give a number");
    return 0;
  }
  if (!item->is_number() || !std::isfinite(item->get<double>())) {
    fail(name, "must be a number");
    return 0;
  }
  return item->get<double>();
}

bool ObjectReader::boolean(const char* name) {
  const json* item = find(name);
  if (item == nullptr || !item->is_boolean()) {
    fail(name, item == nullptr ? "is missing; give true or false" : "must be true or false");
    return false;
  }
  return item->get<bool>();
}

bool ObjectReader::boolean_or(const char* name, bool fallback) {
  return find(name) == nullptr ? fallback : boolean(name);
}

WallTime ObjectReader::time(const char* name) { return from_ms(integer(name)); }

std::vector<std::string> ObjectReader::texts_or_empty(const char* name) {
  const json* item = find(name);
  std::vector<std::string> texts;
  if (item == nullptr) return texts;
  if (!item->is_array()) {
    fail(name, "must be a list of texts");
    return texts;
  }
  for (const auto& element : *item) {
    if (!element.is_string()) {
      fail(name, "must be a list of texts");
      return {};
    }
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

std::optional<std::int64_t> ObjectReader::maybe_integer(const char* name) {
  if (find(name) == nullptr) return std::nullopt;
  return integer(name);
}

std::optional<double> ObjectReader::maybe_number(const char* name) {
  if (find(name) == nullptr) return std::nullopt;
  return number(name);
}

std::optional<std::string> ObjectReader::maybe_text(const char* name) {
  if (find(name) == nullptr) return std::nullopt;
  return text(name);
}

std::optional<WallTime> ObjectReader::maybe_time(const char* name) {
  if (find(name) == nullptr) return std::nullopt;
  return time(name);
}

}  // namespace faultline::wire
