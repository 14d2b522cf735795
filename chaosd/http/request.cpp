#include "chaosd/http/request.hpp"

#include <charconv>

namespace faultline::chaos {

namespace {

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char character = text[i];
    if (character == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return Error{ErrorCode::malformed, "the address has a wrong %-escape"};
      }
      character = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (character == '+' && plus_is_space) {
      character = ' ';
    }
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F) {
      return Error{ErrorCode::malformed, "the address holds a control character"};
    }
    decoded += character;
  }
  return decoded;
}

std::optional<std::int64_t> strict_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace faultline::chaos
