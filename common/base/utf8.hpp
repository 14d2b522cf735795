#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace faultline {

/// The text with U+FFFD for each byte that belongs to no character of UTF-8: a database
/// may say anything, and who reads our pages takes nothing else. Pure.
[[nodiscard]] std::string valid_utf8(std::string_view text);

/// How many characters (code points) UTF-8 text has. Pure.
[[nodiscard]] std::size_t characters_in(std::string_view text);

}  // namespace faultline
