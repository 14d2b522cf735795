#include <algorithm>
#include <array>
#include <charconv>

#include "simulator/sql/failure.hpp"
#include "simulator/sql/grammar.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

// How tightly operators bind, loosest first; the order is the server's grammar.
enum Binding : int {
  kOr = 1,
  kAnd,
  kNot,
  kIs,
  kComparison,
  kMatch,  // LIKE, IN, BETWEEN, ~
  kOther,  // ||, ->, @>
  kSum,
  kProduct,
  kPower,
  kSign,
};

struct Operator {
  std::string_view text;
  Binding binding;
};

constexpr std::array kOperators{
    Operator{"=", kComparison},  Operator{"<", kComparison},  Operator{">", kComparison},
    Operator{"<=", kComparison}, Operator{">=", kComparison}, Operator{"<>", kComparison},
    Operator{"!=", kComparison}, Operator{"~", kMatch},       Operator{"~*", kMatch},
    Operator{"!~", kMatch},      Operator{"!~*", kMatch},     Operator{"||", kOther},
    Operator{"->", kOther},      Operator{"->>", kOther},     Operator{"@>", kOther},
    Operator{"<@", kOther},      Operator{"?", kOther},       Operator{"&&", kOther},
    Operator{"+", kSum},         Operator{"-", kSum},         Operator{"*", kProduct},
    Operator{"/", kProduct},     Operator{"//", kProduct},    Operator{"%", kProduct},
    Operator{"^", kPower},
};

// Called without parentheses.
constexpr std::array<std::string_view, 8> kBareCalls{
    "current_timestamp", "current_user", "session_user",   "user",
    "current_catalog",   "current_date", "current_schema", "localtimestamp"};

constexpr int kPlaceholderMax = 65535;

ExprPtr make(ExprKind kind, std::string text = {}) {
  auto made = std::make_unique<Expr>();
  made->kind = kind;
  made->text = std::move(text);
  return made;
}

ExprPtr binary(std::string text, ExprPtr left, ExprPtr right) {
  auto made = make(ExprKind::binary, std::move(text));
  made->children.push_back(std::move(left));
  made->children.push_back(std::move(right));
  return made;
}

ExprPtr negate_if(bool negated, ExprPtr expr) {
  if (!negated) return expr;
  auto made = make(ExprKind::unary, "not");
  made->children.push_back(std::move(expr));
  return made;
}

}  // namespace

ExprPtr Grammar::expression(int binding) {
  const Deeper deeper(*this);
  ExprPtr left = prefix();
  while (infix(left, binding)) count_operator();
  return left;
}

std::vector<ExprPtr> Grammar::expressions() {
  std::vector<ExprPtr> found;
  do {
    found.push_back(expression());
  } while (take_symbol(","));
  return found;
}

ExprPtr Grammar::prefix() {
  if (take_word("not")) {
    auto made = make(ExprKind::unary, "not");
    made->children.push_back(expression(kNot));
    return made;
  }
  if (take_symbol("+")) return expression(kSign);
  if (take_symbol("-")) {
    // "-9223372036854775808" is a number, not the negation of one that does not fit.
    if (peek().kind == TokenKind::integer || peek().kind == TokenKind::decimal) {
      ExprPtr number = primary();
      if (number->kind == ExprKind::integer || number->kind == ExprKind::decimal) {
        number->text.insert(0, 1, '-');
        return number;
      }
      auto made = make(ExprKind::unary, "-");
      made->children.push_back(std::move(number));
      return made;
    }
    auto made = make(ExprKind::unary, "-");
    made->children.push_back(expression(kSign));
    return made;
  }
  return primary();
}

bool Grammar::infix(ExprPtr& left, int binding) {
  if (binding < kOr && take_word("or")) {
    left = binary("or", std::move(left), expression(kOr));
    return true;
  }
  if (binding < kAnd && take_word("and")) {
    left = binary("and", std::move(left), expression(kAnd));
    return true;
  }
  if (test(left, binding)) return true;
  if (peek().kind != TokenKind::symbol) return false;
  const auto found = std::find_if(kOperators.begin(), kOperators.end(),
                                  [&](const Operator& op) { return op.text == peek().text; });
  if (found == kOperators.end() || binding >= found->binding) return false;
  ++at_;
  std::string text(found->text == "!=" ? "<>" : found->text);
  if (sees_word("any") || sees_word("some") || sees_word("all")) {
    auto made = make(ExprKind::quantified, std::move(text));
    made->all = next().text == "all";
    made->children.push_back(std::move(left));
    need_symbol("(");
    if (sees_query()) {
      made->query = query();
    } else {
      made->children.push_back(expression());
    }
    need_symbol(")");
    left = std::move(made);
    return true;
  }
  left = binary(std::move(text), std::move(left), expression(found->binding));
  return true;
}

// IS, IN, BETWEEN, LIKE and their negations.
bool Grammar::test(ExprPtr& left, int binding) {
  if (binding < kIs && take_word("is")) return left = is_test(std::move(left)), true;
  if (binding < kIs && take_word("isnull")) {
    auto made = make(ExprKind::is_test, "null");
    made->children.push_back(std::move(left));
    return left = std::move(made), true;
  }
  if (binding >= kMatch) return false;
  const bool negated = sees_word("not");
  const std::size_t ahead = negated ? 1 : 0;
  const auto follows = [&](std::string_view word) { return sees_word(word, ahead); };
  if (!follows("in") && !follows("between") && !follows("like") && !follows("ilike")) return false;
  at_ += ahead;
  const std::string word = next().text;
  if (word == "in") {
    left = in_test(std::move(left), negated);
  } else if (word == "between") {
    auto made = make(ExprKind::between);
    made->negated = negated;
    made->children.push_back(std::move(left));
    made->children.push_back(expression(kMatch));
    need_word("and");
    made->children.push_back(expression(kMatch));
    left = std::move(made);
  } else {
    left = negate_if(negated, binary(word, std::move(left), expression(kMatch)));
  }
  return true;
}

ExprPtr Grammar::is_test(ExprPtr left) {
  auto made = make(ExprKind::is_test);
  made->negated = take_word("not");
  made->children.push_back(std::move(left));
  if (take_words({"distinct", "from"})) {
    made->text = "distinct";
    made->children.push_back(expression(kIs));
    return made;
  }
  for (const std::string_view word : {"null", "true", "false"}) {
    if (take_word(word)) {
      made->text = word;
      return made;
    }
  }
  if (take_word("unknown")) {
    made->text = "null";
    return made;
  }
  fail();
}

ExprPtr Grammar::in_test(ExprPtr left, bool negated) {
  need_symbol("(");
  auto made = make(sees_query() ? ExprKind::in_query : ExprKind::in_list);
  made->negated = negated;
  made->children.push_back(std::move(left));
  if (made->kind == ExprKind::in_query) {
    made->query = query();
  } else {
    for (ExprPtr& item : expressions()) made->children.push_back(std::move(item));
  }
  need_symbol(")");
  return made;
}

ExprPtr Grammar::primary() {
  if (sees_word("case")) return case_expression();
  if (sees_word("array") && (sees_symbol("[", 1) || sees_symbol("(", 1))) {
    return postfix(array_constructor());
  }
  if (sees_word("exists") && sees_symbol("(", 1)) {
    at_ += 2;
    auto made = make(ExprKind::exists);
    made->query = query();
    need_symbol(")");
    return made;
  }
  if (sees_symbol("(")) return postfix(parenthesized());
  return postfix(literal_or_name());
}

ExprPtr Grammar::parenthesized() {
  need_symbol("(");
  ExprPtr made;
  if (sees_query()) {
    made = make(ExprKind::subquery);
    made->query = query();
  } else {
    made = expression();
  }
  need_symbol(")");
  return made;
}

ExprPtr Grammar::array_constructor() {
  need_word("array");
  if (take_symbol("(")) {
    auto made = make(ExprKind::array_query);
    made->query = query();
    need_symbol(")");
    return made;
  }
  need_symbol("[");
  auto made = make(ExprKind::array);
  if (!sees_symbol("]")) made->children = expressions();
  need_symbol("]");
  return made;
}

ExprPtr Grammar::case_expression() {
  need_word("case");
  auto made = make(ExprKind::choice);
  if (!sees_word("when")) {
    made->has_operand = true;
    made->children.push_back(expression());
  }
  if (!sees_word("when")) fail();
  while (take_word("when")) {
    made->children.push_back(expression());
    need_word("then");
    made->children.push_back(expression());
  }
  if (take_word("else")) {
    made->has_else = true;
    made->children.push_back(expression());
  }
  need_word("end");
  return postfix(std::move(made));
}

bool Grammar::sees_type_literal() const {
  if (peek().kind != TokenKind::word || peek(1).kind != TokenKind::string) return false;
  return type_from_name(peek().text).has_value();
}

ExprPtr Grammar::literal_or_name() {
  switch (peek().kind) {
    case TokenKind::integer: return make(ExprKind::integer, next().text);
    case TokenKind::decimal: return make(ExprKind::decimal, next().text);
    case TokenKind::string: return make(ExprKind::string, next().text);
    case TokenKind::bytes: return make(ExprKind::bytes, next().text);
    case TokenKind::placeholder: {
      const std::string digits = peek().text;
      auto made = make(ExprKind::placeholder);
      const auto [end, problem] =
          std::from_chars(digits.data(), digits.data() + digits.size(), made->number);
      if (problem != std::errc{} || made->number < 1 || made->number > kPlaceholderMax) fail();
      ++at_;
      placeholders_count_ = std::max(placeholders_count_, made->number);
      return made;
    }
    default: break;
  }
  if (take_word("null")) return make(ExprKind::null);
  if (take_word("true")) return make(ExprKind::boolean, "true");
  if (take_word("false")) return make(ExprKind::boolean, "false");
  if (sees_type_literal()) {
    auto made = make(ExprKind::cast);
    made->type = type_name();
    made->children.push_back(make(ExprKind::string, next().text));
    return made;
  }
  if (sees_word("cast") && sees_symbol("(", 1)) {
    at_ += 2;
    auto made = make(ExprKind::cast);
    made->children.push_back(expression());
    need_word("as");
    made->type = type_name();
    need_symbol(")");
    return made;
  }
  // LEFT and RIGHT are functions too.
  const bool join_word = (sees_word("left") || sees_word("right")) && sees_symbol("(", 1);
  std::vector<std::string> path = join_word ? std::vector{next().text} : std::vector{identifier()};
  while (sees_symbol(".") && !sees_symbol("*", 1)) {
    ++at_;
    if (peek().kind != TokenKind::word && peek().kind != TokenKind::quoted_word) fail();
    path.push_back(next().text);
  }
  if (sees_symbol(".")) {
    at_ += 2;
    auto made = make(ExprKind::star);
    made->path = std::move(path);
    return made;
  }
  const bool bare = path.size() == 1 && std::find(kBareCalls.begin(), kBareCalls.end(),
                                                  path.front()) != kBareCalls.end();
  if (sees_symbol("(")) return call(std::move(path));
  auto made = make(bare ? ExprKind::call : ExprKind::column);
  made->path = std::move(path);
  return made;
}

ExprPtr Grammar::postfix(ExprPtr base) {
  while (true) {
    if (take_symbol("::")) {
      count_operator();
      auto made = make(ExprKind::cast);
      made->children.push_back(std::move(base));
      made->type = type_name();
      base = std::move(made);
    } else if (take_symbol("[")) {
      count_operator();
      auto made = make(ExprKind::subscript);
      made->children.push_back(std::move(base));
      made->children.push_back(expression());
      need_symbol("]");
      base = std::move(made);
    } else if (sees_word("collate")) {
      ++at_;
      (void)dotted_name();
    } else {
      return base;
    }
  }
}

}  // namespace faultline::sim::sql
