#include "simulator/sql/failure.hpp"

#include "simulator/sql/text.hpp"

#include <algorithm>
#include <cctype>

namespace faultline::sim::sql {
namespace {

Failure located(std::string sqlstate, std::string message, std::string file, int line,
                std::string routine) {
  SqlError error;
  error.sqlstate = std::move(sqlstate);
  error.message = std::move(message);
  error.file = std::move(file);
  error.line = line;
  error.routine = std::move(routine);
  return Failure{std::move(error)};
}

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
}

// The token that starts at `position`, without the quotes of a string: what the
// server repeats in 'at or near "..."'.
std::string token_at(std::string_view sql, std::size_t position) {
  std::size_t end = position;
  if (is_word(sql[position])) {
    while (end < sql.size() && is_word(sql[end])) ++end;
  } else if (sql[position] == '\'' || sql[position] == '"') {
    end = sql.find(sql[position], position + 1);
    end = end == std::string_view::npos ? sql.size() : end;
    return std::string(sql.substr(position + 1, end - position - 1));
  } else {
    ++end;
  }
  return lowered(sql.substr(position, end - position));
}

}  // namespace

Failure failure(std::string sqlstate, std::string message) {
  return located(std::move(sqlstate), std::move(message), {}, 0, {});
}

Failure syntax_error(std::string_view sql, std::size_t position, bool at_end) {
  at_end = at_end || position >= sql.size();
  const std::string near = at_end ? "EOF" : token_at(sql, position);
  Failure made = located("42601", "at or near " + in_quotes(near) + ": syntax error", "lexer.go",
                         246, "Error");
  // The detail repeats the text up to the end of the offending line, and a caret under it.
  const std::size_t from = std::min(position, sql.size());
  const std::size_t line_end = std::min(sql.find('\n', from), sql.size());
  const std::size_t before = from == 0 ? std::string_view::npos : sql.rfind('\n', from - 1);
  const std::size_t line_start = before == std::string_view::npos ? 0 : before + 1;
  made.error.detail = "source SQL:\n" + std::string(sql.substr(0, line_end)) + "\n" +
                      std::string(from - line_start, ' ') + "^";
  return made;
}

Failure undefined_column(std::string_view name) {
  return located("42703", "column " + in_quotes(name) + " does not exist", "column_resolver.go",
                 196, "NewUndefinedColumnError");
}

Failure undefined_table(std::string_view name) {
  return located("42P01", "relation " + in_quotes(name) + " does not exist", "errors.go", 161,
                 "NewUndefinedRelationError");
}

Failure undefined_database(std::string_view name) {
  return located("3D000", "database " + in_quotes(name) + " does not exist", "errors.go", 129,
                 "NewUndefinedDatabaseError");
}

Failure undefined_function(std::string_view signature, bool arguments_at_fault) {
  return failure("42883", arguments_at_fault
                              ? "unknown signature: " + std::string(signature)
                              : "unknown function: " + std::string(signature) + "()");
}

Failure unparsable(std::string_view text, std::string_view type, std::string_view reason) {
  return located("22P02",
                 "could not parse " + in_quotes(text) + " as type " + std::string(type) +
                     (reason.empty() ? "" : ": " + std::string(reason)),
                 "datum.go", 274, "MakeParseError");
}

Failure division_by_zero() { return located("22012", "division by zero", "eval.go", 73, "init"); }

Failure unsupported(std::string_view what) {
  return failure("0A000", "unimplemented: " + std::string(what) +
                              " (this simulated node speaks a part of SQL only)");
}

Failure statement_timeout() {
  return located("57014", "query execution canceled due to statement timeout", "errors.go", 254,
                 "init");
}

Failure statement_cancelled() {
  return located("57014", "query execution canceled", "cancel_checker.go", 67, "init");
}

void check_patience(const Context& context) {
  if (context.cancelled != nullptr && context.cancelled->load()) throw statement_cancelled();
  if (context.deadline && std::chrono::steady_clock::now() >= *context.deadline) {
    throw statement_timeout();
  }
}

}  // namespace faultline::sim::sql
