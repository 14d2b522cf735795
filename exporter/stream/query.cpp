#include "exporter/stream/query.hpp"

#include <algorithm>
#include <charconv>

namespace faultline::stream {

namespace {

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '%') {
      out += text.front() == '+' ? ' ' : text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned char byte = 0;
    const auto* end = text.data() + 3;
    if (text.size() < 3) return std::nullopt;
    const auto parsed = std::from_chars(text.data() + 1, end, byte, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    out += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return out;
}

}  // namespace

Result<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto item = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    if (item.empty()) continue;
    const auto equals = std::min(item.find('='), item.size());
    const auto name = decode(item.substr(0, equals));
    const auto value = decode(item.substr(std::min(item.size(), equals + 1)));
    if (!name || !value) {
      return Error{ErrorCode::invalid, "the query has a % that begins no escape; use %25 for it"};
    }
    query.items_.emplace_back(*name, *value);
  }
  return query;
}

Result<std::optional<std::string>> Query::one(std::string_view name) const {
  const auto values = all(name);
  if (values.empty()) return std::optional<std::string>{};
  if (values.size() > 1) {
    return Error{ErrorCode::invalid,
                 "is given " + std::to_string(values.size()) + " times; give it once",
                 std::string{name}};
  }
  return std::optional{values.front()};
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : items_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

}  // namespace faultline::stream
