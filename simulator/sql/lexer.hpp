#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faultline::sim::sql {

enum class TokenKind : std::uint8_t {
  word,         ///< An identifier or keyword, folded to lower case.
  quoted_word,  ///< A "quoted" identifier, as it is; never a keyword.
  integer,
  decimal,
  string,       ///< 'text' or e'text', unescaped.
  bytes,        ///< b'text' or x'6869'.
  placeholder,  ///< $1; text is the number.
  symbol,       ///< Operators and punctuation, the longest that fits.
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  std::size_t position = 0;  ///< Byte offset in the statement.
};

/// The last token is always `end`. Throws 42601 for what is no token.
[[nodiscard]] std::vector<Token> tokenize(std::string_view sql);

}  // namespace faultline::sim::sql
