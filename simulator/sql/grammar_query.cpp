#include <algorithm>
#include <array>

#include "simulator/sql/failure.hpp"
#include "simulator/sql/grammar.hpp"

namespace faultline::sim::sql {

bool Grammar::sees_query() const {
  // A parenthesis may open a query or an expression: only what follows the last of
  // several tells.
  std::size_t ahead = 0;
  while (sees_symbol("(", ahead)) ++ahead;
  return sees_word("select", ahead) || sees_word("values", ahead) || sees_word("with", ahead) ||
         (ahead == 0 && sees_word("table"));
}

QueryPtr Grammar::query() {
  const Deeper deeper(*this);
  auto made = std::make_unique<Query>();
  if (take_word("with")) with_clause(*made);
  made->branches.push_back(branch());
  while (take_word("union")) {
    const bool all = take_word("all");
    if (!all) (void)take_word("distinct");
    made->branches.push_back(branch());
    made->branches.back().all = all;
  }
  if (sees_word("except") || sees_word("intersect")) throw unsupported("EXCEPT and INTERSECT");
  if (take_words({"order", "by"})) made->order_by = order_items();
  while (true) {
    if (take_word("limit")) {
      if (!take_word("all")) made->limit = expression();
    } else if (take_word("offset")) {
      made->offset = expression();
      if (!take_word("rows")) (void)take_word("row");
    } else if (take_word("fetch")) {
      if (!take_word("first")) need_word("next");
      made->limit = expression();
      if (!take_word("rows")) need_word("row");
      need_word("only");
    } else {
      break;
    }
  }
  // FOR UPDATE and its kin change nothing without concurrent transactions.
  if (take_word("for")) {
    if (!take_word("update")) need_word("share");
  }
  return made;
}

void Grammar::with_clause(Query& made) {
  if (sees_word("recursive")) throw unsupported("WITH RECURSIVE");
  do {
    Query::Named named;
    named.name = identifier();
    if (sees_symbol("(")) named.columns = name_list();
    need_word("as");
    (void)take_words({"not", "materialized"});
    (void)take_word("materialized");
    need_symbol("(");
    named.query = query();
    need_symbol(")");
    made.with.push_back(std::move(named));
  } while (take_symbol(","));
}

Query::Branch Grammar::branch() {
  Query::Branch made;
  if (take_symbol("(")) {
    made.nested = query();
    need_symbol(")");
  } else if (sees_word("values")) {
    made.select = values();
  } else if (take_word("table")) {
    made.select = std::make_unique<Select>();
    made.select->items.push_back({std::make_unique<Expr>(), ""});
    made.select->items.back().expr->kind = ExprKind::star;
    made.select->from.push_back(std::make_unique<Source>());
    made.select->from.back()->path = dotted_name();
  } else {
    made.select = select();
  }
  return made;
}

std::unique_ptr<Select> Grammar::values() {
  need_word("values");
  auto made = std::make_unique<Select>();
  made->is_values = true;
  do {
    need_symbol("(");
    made->values.push_back(expressions());
    need_symbol(")");
  } while (take_symbol(","));
  return made;
}

std::unique_ptr<Select> Grammar::select() {
  need_word("select");
  auto made = std::make_unique<Select>();
  made->distinct = take_word("distinct");
  if (!made->distinct) (void)take_word("all");
  if (made->distinct && sees_word("on")) throw unsupported("DISTINCT ON");
  // "SELECT FROM t" is a row of nothing for each row.
  if (!sees_word("from")) made->items = select_items();
  if (take_word("from")) {
    do {
      made->from.push_back(joined());
    } while (take_symbol(","));
    as_of_system_time();
  }
  if (take_word("where")) made->where = expression();
  if (take_words({"group", "by"})) made->group_by = expressions();
  if (take_word("having")) made->having = expression();
  return made;
}

std::vector<SelectItem> Grammar::select_items() {
  std::vector<SelectItem> items;
  do {
    SelectItem item;
    if (take_symbol("*")) {
      item.expr = std::make_unique<Expr>();
      item.expr->kind = ExprKind::star;
    } else {
      item.expr = expression();
      if (take_word("as")) {
        if (peek().kind != TokenKind::word && peek().kind != TokenKind::quoted_word) fail();
        item.alias = next().text;
      } else if (sees_identifier()) {
        item.alias = next().text;
      }
    }
    items.push_back(std::move(item));
  } while (take_symbol(","));
  return items;
}

// Accepted and without effect: every read of the simulator is of now. Both before and
// after the sources' aliases are the server's grammar.
void Grammar::as_of_system_time() {
  if (take_words({"as", "of", "system", "time"})) (void)expression();
}

std::unique_ptr<Source> Grammar::joined() {
  const Deeper deeper(*this);
  auto left = source();
  while (true) {
    Join join = Join::inner;
    if (take_words({"cross", "join"})) {
      join = Join::cross;
    } else if (take_words({"left", "outer", "join"}) || take_words({"left", "join"})) {
      join = Join::left;
    } else if (sees_word("right") || sees_word("full") || sees_word("natural")) {
      throw unsupported("RIGHT, FULL and NATURAL JOIN");
    } else if (!take_words({"inner", "join"}) && !take_word("join")) {
      return left;
    }
    count_operator();
    auto made = std::make_unique<Source>();
    made->kind = Source::Kind::join;
    made->join = join;
    made->left = std::move(left);
    made->right = source();
    if (join != Join::cross) {
      if (take_word("on")) {
        made->on = expression();
      } else {
        need_word("using");
        made->shared_columns = name_list();
      }
    }
    left = std::move(made);
  }
}

std::unique_ptr<Source> Grammar::source() {
  (void)take_word("lateral");
  auto made = std::make_unique<Source>();
  if (take_symbol("[")) {
    made->kind = Source::Kind::statement;
    made->statement = std::make_unique<Statement>(statement());
    if (made->statement->verb != Verb::show) throw unsupported("this statement inside [...]");
    need_symbol("]");
  } else if (sees_symbol("(") && sees_query()) {
    need_symbol("(");
    made->kind = Source::Kind::query;
    made->query = query();
    need_symbol(")");
  } else if (take_symbol("(")) {
    made = joined();
    need_symbol(")");
    return made;
  } else {
    made->path = dotted_name();
    if (sees_symbol("(")) {
      made->kind = Source::Kind::function;
      made->call = call(std::move(made->path));
      (void)take_words({"with", "ordinality"});
    } else if (take_symbol("@")) {
      (void)identifier();  // An index hint.
    }
  }
  source_alias(*made);
  return made;
}

void Grammar::source_alias(Source& made) {
  if (sees_word("as") && sees_word("of", 1) && sees_word("system", 2)) return;
  const bool named = take_word("as");
  // A name without AS must not be the word that starts what comes next.
  constexpr std::array<std::string_view, 3> kNext{"set", "values", "window"};
  if (!named &&
      (!sees_identifier() || (peek().kind == TokenKind::word &&
                              std::find(kNext.begin(), kNext.end(), peek().text) != kNext.end()))) {
    return;
  }
  made.alias = identifier();
  if (sees_symbol("(")) made.column_aliases = name_list();
}

std::vector<OrderItem> Grammar::order_items() {
  std::vector<OrderItem> items;
  do {
    OrderItem item;
    item.expr = expression();
    item.descending = take_word("desc");
    if (!item.descending) (void)take_word("asc");
    if (take_words({"nulls", "first"})) item.nulls_first = true;
    if (take_words({"nulls", "last"})) item.nulls_first = false;
    items.push_back(std::move(item));
  } while (take_symbol(","));
  return items;
}

}  // namespace faultline::sim::sql
