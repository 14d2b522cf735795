#include "simulator/sql/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace faultline::sim::sql {
namespace {

using nlohmann::json;

// Documents nest at most this deep; deeper input is refused before it is parsed, so
// that no recursion below can exhaust the stack.
constexpr int kNestingMax = 100;

// A cursor over well-formed JSON text.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) { skip_spaces(); }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    skip_spaces();
    return true;
  }
  std::string_view value() {
    const std::size_t start = at_;
    if (at_ >= text_.size()) return {};
    if (text_[at_] == '"') {
      string();
    } else if (text_[at_] == '{' || text_[at_] == '[') {
      nested();
    } else {
      while (at_ < text_.size() &&
             std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) {
        ++at_;
      }
    }
    const std::string_view found = text_.substr(start, at_ - start);
    skip_spaces();
    return found;
  }

 private:
  void string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    at_ = std::min(at_ + 1, text_.size());
  }
  void nested() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        string();
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return;
    }
  }
  void skip_spaces() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kNestingMax) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

void print(const json& value, std::string& out) {
  if (value.is_object() || value.is_array()) {
    out += value.is_object() ? '{' : '[';
    bool first = true;
    for (const auto& item : value.items()) {
      if (!first) out += ", ";
      first = false;
      if (value.is_object()) out += json(item.key()).dump() + ": ";
      print(item.value(), out);
    }
    out += value.is_object() ? '}' : ']';
    return;
  }
  out += value.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool contains(const json& whole, const json& part) {
  if (part.is_object()) {
    if (!whole.is_object()) return false;
    for (const auto& item : part.items()) {
      const auto found = whole.find(item.key());
      if (found == whole.end() || !contains(*found, item.value())) return false;
    }
    return true;
  }
  if (part.is_array()) {
    return whole.is_array() && std::all_of(part.begin(), part.end(), [&](const json& wanted) {
             return std::any_of(whole.begin(), whole.end(),
                                [&](const json& have) { return contains(have, wanted); });
           });
  }
  // An array contains a bare element, as in PostgreSQL.
  if (whole.is_array()) return std::find(whole.begin(), whole.end(), part) != whole.end();
  return whole == part;
}

}  // namespace

std::optional<std::string_view> json_member(std::string_view document, std::string_view key) {
  Walk walk(document);
  if (!walk.take('{')) return std::nullopt;
  while (true) {
    const std::string_view name = walk.value();
    if (name.size() < 2 || !walk.take(':')) return std::nullopt;
    const std::string_view value = walk.value();
    const std::string_view bare = name.substr(1, name.size() - 2);
    // Keys with escapes are rare enough to unquote only then.
    if (bare == key || (bare.find('\\') != std::string_view::npos && json_as_text(name) == key)) {
      return value;
    }
    if (!walk.take(',')) return std::nullopt;
  }
}

std::optional<std::string_view> json_element(std::string_view document, std::int64_t position) {
  Walk walk(document);
  if (!walk.take('[') || walk.take(']')) return std::nullopt;
  std::vector<std::string_view> elements;
  do {
    elements.push_back(walk.value());
  } while (walk.take(','));
  if (position < 0) position += static_cast<std::int64_t>(elements.size());
  if (position < 0 || position >= static_cast<std::int64_t>(elements.size())) return std::nullopt;
  return elements[static_cast<std::size_t>(position)];
}

std::optional<std::string> json_as_text(std::string_view value) {
  if (value == "null") return std::nullopt;
  if (!value.starts_with('"')) return std::string(value);
  const json parsed = json::parse(value, nullptr, false);
  return parsed.is_string() ? parsed.get<std::string>() : std::string(value);
}

std::optional<std::string> json_normalized(std::string_view text) {
  if (too_deep(text)) return std::nullopt;
  const json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  std::string out;
  print(parsed, out);
  return out;
}

bool json_contains(std::string_view whole, std::string_view part) {
  const json left = json::parse(whole, nullptr, false);
  const json right = json::parse(part, nullptr, false);
  return !left.is_discarded() && !right.is_discarded() && contains(left, right);
}

}  // namespace faultline::sim::sql
