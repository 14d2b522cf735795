#include "simulator/sql/failure.hpp"
#include "simulator/sql/grammar.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

ExprPtr text_literal(std::string text) {
  auto made = std::make_unique<Expr>();
  made->kind = ExprKind::string;
  made->text = std::move(text);
  return made;
}

}  // namespace

ExprPtr Grammar::call(std::vector<std::string> name) {
  // pg_catalog.version() and version() are one function.
  if (name.size() == 2 && name.front() == "pg_catalog") name.erase(name.begin());
  auto made = std::make_unique<Expr>();
  made->kind = ExprKind::call;
  made->path = std::move(name);
  need_symbol("(");
  if (made->path.size() == 1 && special_call(made->path.front(), *made)) return made;
  if (take_symbol("*")) {
    auto star = std::make_unique<Expr>();
    star->kind = ExprKind::star;
    made->children.push_back(std::move(star));
  } else if (!sees_symbol(")")) {
    made->distinct = take_word("distinct");
    if (!made->distinct) (void)take_word("all");
    made->children = expressions();
  }
  aggregate_tail(*made);
  return made;
}

// ORDER BY inside, the closing parenthesis, FILTER after.
void Grammar::aggregate_tail(Expr& made) {
  if (take_words({"order", "by"})) {
    made.order_by.push_back(expression());
    made.order_descending = take_word("desc");
    if (!made.order_descending) (void)take_word("asc");
  }
  need_symbol(")");
  if (sees_word("filter") && sees_symbol("(", 1)) {
    at_ += 2;
    need_word("where");
    made.filter = expression();
    need_symbol(")");
  }
  if (sees_word("over")) throw unsupported("window functions");
}

// The calls whose arguments are not a plain list. True when it was one, all of it consumed.
bool Grammar::special_call(const std::string& name, Expr& made) {
  if (name == "extract") {
    const Token field = next();
    made.children.push_back(text_literal(field.text));
    need_word("from");
    made.children.push_back(expression());
    need_symbol(")");
    return true;
  }
  if (name == "position") {
    // "in" would be taken for the operator, so the needle binds tighter than that.
    ExprPtr needle = expression(6);
    need_word("in");
    made.path = {"strpos"};
    made.children.push_back(expression());
    made.children.push_back(std::move(needle));
    need_symbol(")");
    return true;
  }
  if (name == "substring" || name == "overlay") {
    made.children.push_back(expression());
    if (sees_word("from") || sees_word("for")) {
      if (take_word("from")) {
        made.children.push_back(expression());
      } else {
        made.children.push_back(std::make_unique<Expr>());
        made.children.back()->kind = ExprKind::integer;
        made.children.back()->text = "1";
      }
      if (take_word("for")) made.children.push_back(expression());
    }
    while (take_symbol(",")) made.children.push_back(expression());
    need_symbol(")");
    return true;
  }
  if (name == "trim") {
    if (take_word("leading")) {
      made.path = {"ltrim"};
    } else if (take_word("trailing")) {
      made.path = {"rtrim"};
    } else {
      (void)take_word("both");
      made.path = {"btrim"};
    }
    ExprPtr first;
    if (!sees_word("from")) first = expression();
    if (take_word("from")) made.children.push_back(expression());
    if (first) made.children.push_back(std::move(first));
    while (take_symbol(",")) made.children.push_back(expression());
    need_symbol(")");
    return true;
  }
  return false;
}

Type Grammar::type_name() {
  if (peek().kind != TokenKind::word && peek().kind != TokenKind::quoted_word) fail();
  std::string name = next().text;
  if (name == "pg_catalog" && take_symbol(".")) name = next().text;
  if (name == "double" && take_word("precision")) name = "double precision";
  if (name == "character" && take_word("varying")) name = "character varying";
  if (take_symbol("(")) {  // VARCHAR(20), DECIMAL(10, 2): the limits are not enforced.
    do {
      if (next().kind != TokenKind::integer) fail();
    } while (take_symbol(","));
    need_symbol(")");
  }
  if (name == "timestamp" || name == "time") {
    if (take_words({"with", "time", "zone"})) name += "tz";
    (void)take_words({"without", "time", "zone"});
  }
  if (sees_symbol("[") && sees_symbol("]", 1)) {
    at_ += 2;
    name += "[]";
  } else if (take_word("array")) {
    name += "[]";
  }
  const auto type = type_from_name(name);
  if (!type) throw failure("42704", "type \"" + name + "\" does not exist");
  return *type;
}

}  // namespace faultline::sim::sql
