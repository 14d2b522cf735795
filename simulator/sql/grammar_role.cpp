// CREATE USER and its relatives.
#include <algorithm>
#include <cctype>

#include "simulator/sql/failure.hpp"
#include "simulator/sql/grammar.hpp"

namespace faultline::sim::sql {
namespace {

std::string raised(std::string word) {
  std::ranges::transform(word, word.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return word;
}

Statement statement_of(RoleChange change) {
  Statement made;
  made.verb = Verb::change_roles;
  made.roles = std::make_shared<const RoleChange>(std::move(change));
  return made;
}

}  // namespace

std::vector<std::string> Grammar::role_names() {
  std::vector<std::string> names;
  do {
    names.push_back(peek().kind == TokenKind::string ? next().text : identifier());
  } while (take_symbol(","));
  return names;
}

void Grammar::role_options(RoleChange& made) {
  (void)take_word("with");
  while (!at_end() && !sees_symbol(";")) {
    if (take_word("password")) {
      if (take_word("null")) {
        made.password = "";
      } else if (peek().kind == TokenKind::string) {
        made.password = next().text;
      } else {
        fail();
      }
    } else if (take_words({"valid", "until"})) {
      (void)next();  // Nobody waits here until a password has run out.
    } else if (peek().kind == TokenKind::word) {
      made.options.push_back(raised(next().text));
    } else {
      fail();
    }
  }
}

Statement Grammar::create_role() {
  RoleChange made;
  made.act = RoleChange::Act::create;
  made.if_exists = take_words({"if", "not", "exists"});
  made.roles = {role_names().front()};
  role_options(made);
  return statement_of(std::move(made));
}

Statement Grammar::alter_role() {
  RoleChange made;
  made.act = RoleChange::Act::alter;
  made.if_exists = take_words({"if", "exists"});
  made.roles = {role_names().front()};
  if (take_words({"in", "database"})) throw unsupported("ALTER ROLE ... IN DATABASE");
  if (take_word("set")) {
    made.variable = dotted_name().back();
    if (!take_symbol("=")) need_word("to");
    Statement value;
    made.value = setting_value(value);
  } else if (take_word("reset")) {
    made.variable = take_word("all") ? "all" : dotted_name().back();
  } else {
    role_options(made);
  }
  return statement_of(std::move(made));
}

Statement Grammar::drop_role() {
  RoleChange made;
  made.act = RoleChange::Act::drop;
  made.if_exists = take_words({"if", "exists"});
  made.roles = role_names();
  return statement_of(std::move(made));
}

Statement Grammar::grant(bool revoke) {
  RoleChange made;
  made.act = revoke ? RoleChange::Act::revoke : RoleChange::Act::grant;
  if (take_word("system")) made.on = RoleChange::On::system;
  do {
    const Token word = next();
    if (word.kind != TokenKind::word && word.kind != TokenKind::quoted_word) {
      --at_;
      fail();
    }
    made.privileges.push_back(word.text);
    if (made.privileges.back() == "all") (void)take_word("privileges");
  } while (take_symbol(","));
  if (take_word("on")) {
    made.on = take_word("database") ? RoleChange::On::database : RoleChange::On::table;
    (void)take_word("table");
    do {
      made.objects.push_back(dotted_name());
    } while (take_symbol(","));
  }
  if (made.on != RoleChange::On::role) {
    for (std::string& each : made.privileges) each = raised(each);
  }
  need_word(revoke ? "from" : "to");
  made.roles = role_names();
  (void)take_words({"with", "admin", "option"});
  (void)take_words({"with", "grant", "option"});
  return statement_of(std::move(made));
}

}  // namespace faultline::sim::sql
