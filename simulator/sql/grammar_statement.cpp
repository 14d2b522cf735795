#include <array>

#include "simulator/sql/failure.hpp"
#include "simulator/sql/grammar.hpp"

namespace faultline::sim::sql {

Statement Grammar::statement() {
  const Deeper deeper(*this);
  Statement made;
  if (sees_query()) {
    made.verb = Verb::query;
    made.query = query();
    return made;
  }
  if (take_word("show")) return show();
  if (take_word("set")) return set();
  if (take_word("reset")) {
    made.verb = Verb::set;
    made.is_default = true;
    (void)take_word("session");
    made.name = take_word("all") ? "all" : dotted_name().back();
    return made;
  }
  if (take_word("use")) {
    made.verb = Verb::set;
    made.name = "database";
    made.value = setting_value(made);
    return made;
  }
  if (take_word("insert")) return insert(false);
  if (take_word("upsert")) return insert(true);
  if (take_word("update")) return update();
  if (take_word("delete")) return erase();
  if (take_word("create")) return create();
  if (take_word("drop")) return drop();
  if (take_word("grant")) return grant(false);
  if (take_word("revoke")) return grant(true);
  if (take_words({"alter", "user"}) || take_words({"alter", "role"})) return alter_role();
  if (take_word("alter")) return alter_zone();
  if (take_word("explain")) {
    made.verb = Verb::explain;
    if (take_symbol("(")) {
      (void)expressions();
      need_symbol(")");
    }
    made.inner = std::make_unique<Statement>(statement());
    return made;
  }
  if (take_words({"discard", "all"})) {
    made.verb = Verb::discard;
    return made;
  }
  if (take_word("deallocate")) {
    made.verb = Verb::deallocate;
    (void)take_word("prepare");
    made.name = take_word("all") ? "" : identifier();
    return made;
  }
  if (transaction(made)) return made;
  fail();
}

bool Grammar::transaction(Statement& made) {
  if (take_word("begin") || take_words({"start", "transaction"})) {
    made.verb = Verb::begin;
    skip_to_statement_end();  // Isolation levels and priorities change nothing here.
  } else if (take_word("commit") || take_word("end")) {
    made.verb = Verb::commit;
    (void)take_word("transaction");
  } else if (take_words({"rollback", "to"})) {
    made.verb = Verb::rollback_to;
    (void)take_word("savepoint");
    made.name = identifier();
  } else if (take_word("rollback") || take_word("abort")) {
    made.verb = Verb::rollback;
    (void)take_word("transaction");
  } else if (take_word("savepoint")) {
    made.verb = Verb::savepoint;
    made.name = identifier();
  } else if (take_word("release")) {
    made.verb = Verb::release;
    (void)take_word("savepoint");
    made.name = identifier();
  } else {
    return false;
  }
  return true;
}

void Grammar::skip_to_statement_end() {
  while (!at_end() && !sees_symbol(";")) ++at_;
}

Statement Grammar::show() {
  Statement made;
  made.verb = Verb::show;
  if (take_words({"cluster", "setting"})) {
    made.topic = "cluster setting";
    for (const std::string& part : dotted_name()) {
      made.name += (made.name.empty() ? "" : ".") + part;
    }
    return made;
  }
  if (take_words({"cluster", "ranges"})) {
    made.topic = "cluster ranges";
    return show_ranges(std::move(made));
  }
  if (take_words({"transaction", "isolation", "level"})) {
    made.topic = "variable";
    made.name = "transaction_isolation";
    return made;
  }
  if (take_words({"time", "zone"})) {
    made.topic = "variable";
    made.name = "timezone";
    return made;
  }
  return show_topic(std::move(made));
}

Statement Grammar::show_topic(Statement made) {
  made.topic = "variable";
  for (const std::string_view topic : {"databases", "jobs", "schemas"}) {
    if (take_word(topic)) {
      made.topic = topic;
      return made;
    }
  }
  if (take_word("tables")) {
    made.topic = "tables";
    if (take_word("from")) made.path = dotted_name();
  } else if (sees_word("columns") && sees_word("from", 1)) {
    at_ += 2;
    made.topic = "columns";
    made.path = dotted_name();
  } else if (take_words({"ranges", "from"})) {
    made.topic = "ranges";
    if (take_word("database")) throw unsupported("SHOW RANGES FROM DATABASE");
    if (!take_word("index")) need_word("table");
    made.path = dotted_name();
    if (take_symbol("@")) (void)identifier();
    return show_ranges(std::move(made));
  } else {
    (void)take_word("session");
    made.name = dotted_name().back();
  }
  return made;
}

// WITH DETAILS, KEYS, TABLES, INDEXES, in any order.
Statement Grammar::show_ranges(Statement made) {
  if (!take_word("with")) return made;
  do {
    bool known = false;
    for (const std::string_view option : {"details", "keys", "tables", "indexes", "explain"}) {
      if (known || !take_word(option)) continue;
      known = true;
      made.options.emplace_back(option);
    }
    if (!known) fail();
  } while (take_symbol(","));
  return made;
}

Statement Grammar::set() {
  Statement made;
  made.verb = Verb::set;
  if (take_words({"cluster", "setting"})) {
    made.verb = Verb::set_cluster_setting;
    for (const std::string& part : dotted_name()) {
      made.name += (made.name.empty() ? "" : ".") + part;
    }
    if (!take_symbol("=")) need_word("to");
    made.value = setting_value(made);
    return made;
  }
  if (take_word("transaction") || take_words({"session", "characteristics"}) ||
      take_words({"session", "transaction"})) {
    made.name = "transaction";
    skip_to_statement_end();
    return made;
  }
  if (!take_word("session")) (void)take_word("local");
  if (take_words({"time", "zone"})) {
    made.name = "timezone";
    made.value = setting_value(made);
    return made;
  }
  if (take_word("names")) {
    made.name = "client_encoding";
    made.value = setting_value(made);
    return made;
  }
  made.name = dotted_name().back();
  if (!take_symbol("=")) need_word("to");
  made.value = setting_value(made);
  return made;
}

// One word, number or string, or several with commas (search_path).
std::string Grammar::setting_value(Statement& made) {
  std::string value;
  do {
    std::string part;
    if (take_symbol("-")) part = "-";
    const Token token = next();
    if (token.kind == TokenKind::symbol || token.kind == TokenKind::placeholder) {
      --at_;
      fail();
    }
    if (token.kind == TokenKind::word && token.text == "default") made.is_default = true;
    part += token.text;
    if (token.kind == TokenKind::word && token.text == "interval" &&
        peek().kind == TokenKind::string) {
      part = next().text;
    }
    if (take_symbol("::")) (void)type_name();
    value += (value.empty() ? "" : ", ") + part;
  } while (take_symbol(","));
  return value;
}

Statement Grammar::insert(bool upsert) {
  Statement made;
  made.verb = Verb::insert;
  made.upsert = upsert;
  need_word("into");
  made.path = dotted_name();
  if (take_word("as")) (void)identifier();
  if (sees_symbol("(") && !sees_query()) made.columns = name_list();
  if (take_words({"default", "values"})) {
    made.default_values = true;
  } else {
    made.query = query();
  }
  if (take_words({"on", "conflict"})) on_conflict(made);
  if (take_word("returning")) made.returning = select_items();
  return made;
}

void Grammar::on_conflict(Statement& made) {
  if (sees_symbol("(")) (void)name_list();
  need_word("do");
  if (take_word("nothing")) {
    made.skip_conflicts = true;
    return;
  }
  need_word("update");
  need_word("set");
  // Taken as an upsert: right when every column is set to excluded's, which is what
  // probes and the tests write.
  made.upsert = true;
  do {
    (void)identifier();
    need_symbol("=");
    const ExprPtr value = expression();
    const bool excluded = value->kind == ExprKind::column && value->path.size() == 2 &&
                          value->path.front() == "excluded";
    if (!excluded) throw unsupported("ON CONFLICT DO UPDATE with other values than excluded's");
  } while (take_symbol(","));
}

Statement Grammar::update() {
  Statement made;
  made.verb = Verb::update;
  made.path = dotted_name();
  need_word("set");
  do {
    made.columns.push_back(identifier());
    need_symbol("=");
    made.assignments.push_back(expression());
  } while (take_symbol(","));
  made.query = rows_of(made.path);
  if (take_word("returning")) made.returning = select_items();
  return made;
}

// The rows that an UPDATE or DELETE is about, as the query that reads them.
QueryPtr Grammar::rows_of(const std::vector<std::string>& path) {
  auto star = std::make_unique<Expr>();
  star->kind = ExprKind::star;
  auto all = std::make_unique<Select>();
  all->items.push_back({std::move(star), ""});
  all->from.push_back(std::make_unique<Source>());
  all->from.back()->path = path;
  if (take_word("where")) all->where = expression();
  auto made = std::make_unique<Query>();
  made->branches.push_back({std::move(all), nullptr, true});
  return made;
}

Statement Grammar::erase() {
  Statement made;
  made.verb = Verb::erase;
  need_word("from");
  made.path = dotted_name();
  made.query = rows_of(made.path);
  if (take_word("limit")) throw unsupported("DELETE ... LIMIT");
  if (take_word("returning")) made.returning = select_items();
  return made;
}

Statement Grammar::create() {
  Statement made;
  if (take_word("user") || take_word("role")) return create_role();
  if (take_word("database")) {
    made.verb = Verb::create_database;
    made.if_exists = take_words({"if", "not", "exists"});
    made.name = identifier();
    skip_to_statement_end();
    return made;
  }
  made.verb = Verb::create_table;
  need_word("table");
  made.if_exists = take_words({"if", "not", "exists"});
  made.path = dotted_name();
  need_symbol("(");
  do {
    if (sees_word("primary") || sees_word("constraint") || sees_word("unique") ||
        sees_word("index") || sees_word("family") || sees_word("check")) {
      table_constraint(made.table);
    } else {
      column_definition(made.table);
    }
  } while (take_symbol(","));
  need_symbol(")");
  skip_to_statement_end();
  return made;
}

void Grammar::column_definition(TableSchema& table) {
  Column column;
  column.name = identifier();
  column.type = type_name();
  column.nullable = true;
  while (!sees_symbol(",") && !sees_symbol(")")) {
    if (take_words({"not", "null"})) {
      column.nullable = false;
    } else if (take_words({"primary", "key"})) {
      column.nullable = false;
      table.primary_key.push_back(table.columns.size());
    } else if (take_word("default")) {
      (void)expression();  // Not kept: a column that an INSERT leaves out is NULL.
    } else if (!take_word("null") && !take_word("unique")) {
      fail();
    }
  }
  table.columns.push_back(std::move(column));
}

// Only the primary key means something here; the others are read and forgotten.
void Grammar::table_constraint(TableSchema& table) {
  if (take_word("constraint")) (void)identifier();
  if (take_words({"primary", "key"})) {
    for (const std::string& name : name_list()) {
      std::size_t at = 0;
      while (at < table.columns.size() && table.columns[at].name != name) ++at;
      if (at == table.columns.size()) throw undefined_column(name);
      table.columns[at].nullable = false;
      table.primary_key.push_back(at);
    }
    return;
  }
  int open = 0;
  while (!at_end() && (open > 0 || (!sees_symbol(",") && !sees_symbol(")")))) {
    if (sees_symbol("(")) ++open;
    if (sees_symbol(")")) --open;
    ++at_;
  }
}

Statement Grammar::drop() {
  Statement made;
  made.verb = Verb::drop_table;
  if (sees_word("database")) throw unsupported("DROP DATABASE");
  if (take_word("user") || take_word("role")) return drop_role();
  need_word("table");
  made.if_exists = take_words({"if", "exists"});
  made.path = dotted_name();
  skip_to_statement_end();
  return made;
}

}  // namespace faultline::sim::sql
