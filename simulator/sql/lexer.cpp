#include "simulator/sql/lexer.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "simulator/sql/failure.hpp"

namespace faultline::sim::sql {
namespace {

bool is_word_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_word(char c) { return is_word_start(c) || is_digit(c) || c == '$'; }

constexpr std::array<std::string_view, 21> kLongSymbols{
    "!~*", "->>", "#>>", "::", "<=", ">=", "<>", "!=", "||", "->", "#>",
    "@>",  "<@",  "!~",  "~*", "//", "<<", ">>", "&&", ":=", "=>"};

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    for (skip_blank(); at_ < sql_.size(); skip_blank()) {
      const std::size_t start = at_;
      Token token = next();
      token.position = start;
      tokens.push_back(std::move(token));
    }
    tokens.push_back({TokenKind::end, "", sql_.size()});
    return tokens;
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }

  void skip_blank() {
    while (at_ < sql_.size()) {
      if (std::isspace(static_cast<unsigned char>(sql_[at_])) != 0) {
        ++at_;
      } else if (peek() == '-' && peek(1) == '-') {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (peek() == '/' && peek(1) == '*') {
        skip_comment();
      } else {
        return;
      }
    }
  }

  void skip_comment() {
    const std::size_t start = at_;
    int depth = 0;
    do {
      if (at_ >= sql_.size()) throw syntax_error(sql_, start, false);
      if (peek() == '/' && peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (peek() == '*' && peek(1) == '/') {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
  }

  Token next() {
    const char c = peek();
    const char low = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (peek(1) == '\'' && (low == 'e' || low == 'b' || low == 'x')) return prefixed(low);
    if (is_word_start(c)) return word();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '\'') return {TokenKind::string, delimited('\'', false), 0};
    if (c == '"') return {TokenKind::quoted_word, delimited('"', false), 0};
    if (c == '$' && is_digit(peek(1))) return placeholder();
    if (c == '$') return dollar_quoted();
    for (const std::string_view symbol : kLongSymbols) {
      if (sql_.substr(at_).starts_with(symbol)) {
        at_ += symbol.size();
        return {TokenKind::symbol, std::string(symbol), 0};
      }
    }
    if (std::string_view("+-*/%^<>=~()[]{},.;:!|&#@?").find(c) == std::string_view::npos) {
      throw syntax_error(sql_, at_, false);
    }
    ++at_;
    return {TokenKind::symbol, std::string(1, c), 0};
  }

  Token prefixed(char prefix) {
    const std::size_t start = at_++;
    std::string text = delimited('\'', prefix == 'e');
    if (prefix == 'e') return {TokenKind::string, std::move(text), 0};
    if (prefix == 'b') return {TokenKind::bytes, std::move(text), 0};
    std::string raw;
    if (text.size() % 2 != 0) throw syntax_error(sql_, start, false);
    for (std::size_t at = 0; at < text.size(); at += 2) {
      if (std::isxdigit(static_cast<unsigned char>(text[at])) == 0 ||
          std::isxdigit(static_cast<unsigned char>(text[at + 1])) == 0) {
        throw syntax_error(sql_, start, false);
      }
      raw.push_back(static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16)));
    }
    return {TokenKind::bytes, std::move(raw), 0};
  }

  Token word() {
    std::string text;
    while (is_word(peek())) {
      text.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(sql_[at_++]))));
    }
    return {TokenKind::word, std::move(text), 0};
  }

  Token number() {
    const std::size_t start = at_;
    bool whole = true;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && peek(1) != '.') {
      whole = false;
      for (++at_; is_digit(peek());) ++at_;
    }
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(sign))) {
      whole = false;
      for (at_ += sign; is_digit(peek());) ++at_;
    }
    return {whole ? TokenKind::integer : TokenKind::decimal,
            std::string(sql_.substr(start, at_ - start)), 0};
  }

  Token placeholder() {
    const std::size_t start = ++at_;
    while (is_digit(peek())) ++at_;
    return {TokenKind::placeholder, std::string(sql_.substr(start, at_ - start)), 0};
  }

  // $tag$ ... $tag$
  Token dollar_quoted() {
    const std::size_t open_end = sql_.find('$', at_ + 1);
    if (open_end == std::string_view::npos) throw syntax_error(sql_, at_, false);
    const std::string_view tag = sql_.substr(at_, open_end - at_ + 1);
    const std::size_t close = sql_.find(tag, open_end + 1);
    if (close == std::string_view::npos) throw syntax_error(sql_, at_, false);
    const std::size_t body = open_end + 1;
    at_ = close + tag.size();
    return {TokenKind::string, std::string(sql_.substr(body, close - body)), 0};
  }

  // A doubled delimiter stands for itself.
  std::string delimited(char quote, bool escapes) {
    const std::size_t start = at_++;
    std::string text;
    while (true) {
      if (at_ >= sql_.size()) throw syntax_error(sql_, start, false);
      const char c = sql_[at_++];
      if (c == quote) {
        if (peek() != quote) return text;
        ++at_;
        text.push_back(quote);
      } else if (c == '\\' && escapes && at_ < sql_.size()) {
        text.push_back(escaped(sql_[at_++]));
      } else {
        text.push_back(c);
      }
    }
  }

  static char escaped(char c) {
    switch (c) {
      case 'n': return '\n';
      case 't': return '\t';
      case 'r': return '\r';
      case 'b': return '\b';
      case 'f': return '\f';
      default: return c;
    }
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Token> tokenize(std::string_view sql) { return Lexer(sql).run(); }

}  // namespace faultline::sim::sql
