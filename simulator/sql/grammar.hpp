#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/sql/ast.hpp"
#include "simulator/sql/lexer.hpp"

namespace faultline::sim::sql {

// The recursive descent behind parse(): statements in grammar_statement.cpp, queries
// in grammar_query.cpp, expressions in grammar_expression.cpp. Private to the parser.
class Grammar {
 public:
  explicit Grammar(std::string_view sql);

  [[nodiscard]] bool at_end() const { return peek().kind == TokenKind::end; }
  bool take_symbol(std::string_view symbol);
  Statement statement();
  [[nodiscard]] int placeholders_count() const { return placeholders_count_; }
  /// Throws 42601 at the next token.
  [[noreturn]] void fail() const;

 private:
  // Bounds the recursion, so that hostile nesting cannot exhaust the stack.
  class Deeper {
   public:
    explicit Deeper(Grammar& grammar);
    ~Deeper() { --grammar_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    Grammar& grammar_;
  };

  // A long chain of operators is a deep tree too.
  void count_operator();

  // Tokens.
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  [[nodiscard]] bool sees_word(std::string_view word, std::size_t ahead = 0) const;
  [[nodiscard]] bool sees_symbol(std::string_view symbol, std::size_t ahead = 0) const;
  bool take_word(std::string_view word);
  /// All of them in order, or nothing is consumed.
  bool take_words(std::initializer_list<std::string_view> words);
  void need_word(std::string_view word);
  void need_symbol(std::string_view symbol);
  Token next();
  /// An identifier; keywords that are reserved do not count.
  std::string identifier();
  [[nodiscard]] bool sees_identifier() const;
  std::vector<std::string> dotted_name();
  std::vector<std::string> name_list();  ///< (a, b)

  // Expressions.
  ExprPtr expression(int binding = 0);
  ExprPtr prefix();
  ExprPtr primary();
  ExprPtr literal_or_name();
  ExprPtr postfix(ExprPtr base);
  bool infix(ExprPtr& left, int binding);
  bool test(ExprPtr& left, int binding);
  ExprPtr is_test(ExprPtr left);
  ExprPtr in_test(ExprPtr left, bool negated);
  ExprPtr case_expression();
  ExprPtr parenthesized();
  ExprPtr array_constructor();
  ExprPtr call(std::vector<std::string> name);
  bool special_call(const std::string& name, Expr& made);
  void aggregate_tail(Expr& made);
  std::vector<ExprPtr> expressions();
  Type type_name();
  bool sees_type_literal() const;

  // Queries.
  [[nodiscard]] bool sees_query() const;
  QueryPtr query();
  void with_clause(Query& made);
  Query::Branch branch();
  std::unique_ptr<Select> select();
  std::unique_ptr<Select> values();
  std::vector<SelectItem> select_items();
  std::unique_ptr<Source> source();
  std::unique_ptr<Source> joined();
  void source_alias(Source& made);
  void as_of_system_time();
  std::vector<OrderItem> order_items();

  // Statements.
  Statement show();
  Statement show_topic(Statement made);
  Statement set();
  std::string setting_value(Statement& made);
  Statement insert(bool upsert);
  void on_conflict(Statement& made);
  Statement update();
  Statement erase();
  QueryPtr rows_of(const std::vector<std::string>& path);
  Statement create();
  void column_definition(TableSchema& table);
  void table_constraint(TableSchema& table);
  Statement drop();
  Statement show_ranges(Statement made);

  // Zones (grammar_zone.cpp); ALTER is consumed.
  Statement alter_zone();
  void zone_setting(ZoneChange& made);

  // Roles (grammar_role.cpp); the first word is consumed.
  Statement create_role();
  Statement alter_role();
  Statement drop_role();
  Statement grant(bool revoke);
  void role_options(RoleChange& made);
  std::vector<std::string> role_names();
  bool transaction(Statement& made);
  void skip_to_statement_end();

  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int operators_count_ = 0;
  int placeholders_count_ = 0;
};

}  // namespace faultline::sim::sql
