#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace faultline::sim::sql {

// JSONB values are held as text. A member is found by walking over the text instead
// of building a tree: a query asks 25 members of a document of a thousand.

/// The member of an object, or nothing. The result is a part of `document`.
[[nodiscard]] std::optional<std::string_view> json_member(std::string_view document,
                                                          std::string_view key);
/// The element of an array; negative positions count from the end.
[[nodiscard]] std::optional<std::string_view> json_element(std::string_view document,
                                                           std::int64_t position);
/// What ->> gives: strings without quotes and escapes, nothing for null.
[[nodiscard]] std::optional<std::string> json_as_text(std::string_view value);
/// As the server prints it: keys sorted, ": " and ", ". Nothing when it is not JSON.
[[nodiscard]] std::optional<std::string> json_normalized(std::string_view text);
/// @>: everything in `part` is in `whole`.
[[nodiscard]] bool json_contains(std::string_view whole, std::string_view part);

}  // namespace faultline::sim::sql
