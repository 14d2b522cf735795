#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace faultline::wire {

/// Parses a whole document; `malformed` says where it broke. Never throws.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text);

/// Reads fields out of one object and remembers the first that is wrong, so that
/// a caller reads them all and checks once. Not json.value(name, fallback): on a
/// wrong type that throws, and a client's mistake would come back as our 500.
class ObjectReader {
 public:
  /// `object` outlives this. `path` is its JSON pointer, "" for the document.
  ObjectReader(const nlohmann::json& object, std::string path);

  [[nodiscard]] std::string text(const char* name);
  [[nodiscard]] std::string text_or(const char* name, std::string fallback);
  [[nodiscard]] std::int64_t integer(const char* name);
  [[nodiscard]] double number(const char* name);
  [[nodiscard]] bool boolean(const char* name);
  [[nodiscard]] bool boolean_or(const char* name, bool fallback);
  [[nodiscard]] WallTime time(const char* name);
  [[nodiscard]] std::vector<std::string> texts_or_empty(const char* name);
  // Absent and null both mean nothing.
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(const char* name);
  [[nodiscard]] std::optional<double> maybe_number(const char* name);
  [[nodiscard]] std::optional<std::string> maybe_text(const char* name);
  [[nodiscard]] std::optional<WallTime> maybe_time(const char* name);

  /// An enumerator by its spelling; `allowed` is for the sentence.
  template <class Enum, class Parse>
  [[nodiscard]] Enum choice(const char* name, Parse parse, std::string_view allowed) {
    const std::string spelled = text(name);
    if (error_) return Enum{};
    if (const auto value = parse(spelled)) return *value;
    fail(name, "is \"" + spelled + "\"; use " + std::string{allowed});
    return Enum{};
  }

  /// Marks a field as wrong: "<name> <what>". The first one stays.
  void fail(const char* name, const std::string& what);
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  [[nodiscard]] const nlohmann::json* find(const char* name) const;

  const nlohmann::json& object_;
  std::string path_;
  std::optional<Error> error_;
};

}  // namespace faultline::wire
