#include "simulator/sql/parser.hpp"

#include <algorithm>
#include <array>

#include "simulator/sql/failure.hpp"
#include "simulator/sql/grammar.hpp"

namespace faultline::sim::sql {
namespace {

constexpr int kDepthMax = 150;
constexpr int kOperatorsMax = 3000;

// Words that cannot be a name without quotes; what ends an item of a list is here.
constexpr std::array<std::string_view, 58> kReserved{
    "all",     "and",       "any",     "array",   "as",        "asc",      "both", "case",  "cast",
    "check",   "create",    "cross",   "default", "desc",      "distinct", "do",   "else",  "end",
    "except",  "false",     "fetch",   "for",     "foreign",   "from",     "full", "grant", "group",
    "having",  "ilike",     "in",      "inner",   "intersect", "into",     "is",   "join",  "left",
    "like",    "limit",     "natural", "not",     "null",      "offset",   "on",   "or",    "order",
    "primary", "returning", "right",   "select",  "some",      "table",    "then", "true",  "union",
    "unique",  "using",     "when",    "where"};

bool all_same(const std::vector<ExprPtr>& left, const std::vector<ExprPtr>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const ExprPtr& a, const ExprPtr& b) { return same_expression(*a, *b); });
}

}  // namespace

bool same_expression(const Expr& left, const Expr& right) {
  return left.kind == right.kind && left.text == right.text && left.path == right.path &&
         left.type == right.type && left.number == right.number && left.negated == right.negated &&
         left.distinct == right.distinct && left.all == right.all && !left.query && !right.query &&
         !left.filter && !right.filter && all_same(left.children, right.children);
}

Grammar::Grammar(std::string_view sql) : sql_(sql), tokens_(tokenize(sql)) {}

Grammar::Deeper::Deeper(Grammar& grammar) : grammar_(grammar) {
  if (++grammar_.depth_ > kDepthMax) {
    --grammar_.depth_;
    throw failure("54001", "statement is nested too deep");
  }
}

void Grammar::count_operator() {
  if (++operators_count_ > kOperatorsMax)
    throw failure("54001", "statement has too many operators");
}

void Grammar::fail() const {
  const Token& token = peek();
  throw syntax_error(sql_, token.position, token.kind == TokenKind::end);
}

const Token& Grammar::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool Grammar::sees_word(std::string_view word, std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::word && peek(ahead).text == word;
}

bool Grammar::sees_symbol(std::string_view symbol, std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::symbol && peek(ahead).text == symbol;
}

bool Grammar::take_word(std::string_view word) {
  if (!sees_word(word)) return false;
  ++at_;
  return true;
}

bool Grammar::take_words(std::initializer_list<std::string_view> words) {
  std::size_t ahead = 0;
  for (const std::string_view word : words) {
    if (!sees_word(word, ahead++)) return false;
  }
  at_ += words.size();
  return true;
}

bool Grammar::take_symbol(std::string_view symbol) {
  if (!sees_symbol(symbol)) return false;
  ++at_;
  return true;
}

void Grammar::need_word(std::string_view word) {
  if (!take_word(word)) fail();
}

void Grammar::need_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) fail();
}

Token Grammar::next() {
  const Token& token = peek();
  if (token.kind == TokenKind::end) fail();
  ++at_;
  return token;
}

bool Grammar::sees_identifier() const {
  if (peek().kind == TokenKind::quoted_word) return true;
  return peek().kind == TokenKind::word &&
         std::find(kReserved.begin(), kReserved.end(), peek().text) == kReserved.end();
}

std::string Grammar::identifier() {
  if (!sees_identifier()) fail();
  return next().text;
}

std::vector<std::string> Grammar::dotted_name() {
  std::vector<std::string> path{identifier()};
  // After a dot every word is a name, as in t.order.
  while (take_symbol(".")) {
    if (peek().kind != TokenKind::word && peek().kind != TokenKind::quoted_word) fail();
    path.push_back(next().text);
  }
  return path;
}

std::vector<std::string> Grammar::name_list() {
  need_symbol("(");
  std::vector<std::string> names{identifier()};
  while (take_symbol(",")) names.push_back(identifier());
  need_symbol(")");
  return names;
}

Parsed parse(std::string_view sql) {
  Grammar grammar(sql);
  Parsed parsed;
  while (true) {
    while (grammar.take_symbol(";")) {
    }
    if (grammar.at_end()) break;
    parsed.statements.push_back(grammar.statement());
    if (!grammar.at_end() && !grammar.take_symbol(";")) grammar.fail();
  }
  parsed.placeholders_count = grammar.placeholders_count();
  return parsed;
}

}  // namespace faultline::sim::sql
