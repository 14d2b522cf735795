#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "simulator/sql/datum.hpp"
#include "simulator/sql/session.hpp"
#include "tests/unit/simulator/sql_fake_catalog.hpp"

namespace faultline::sim::sql {

/// Parses, and executes the first statement.
inline std::variant<SqlError, Outcome> execute_first(Session& session, const std::string& text) {
  auto parsed = session.parse(text);
  if (auto* error = std::get_if<SqlError>(&parsed)) return std::move(*error);
  auto done = session.execute(std::get<std::vector<Prepared>>(parsed).front());
  if (auto* error = std::get_if<SqlError>(&done)) return std::move(*error);
  return std::get<Outcome>(std::move(done));
}

/// Asks a session and prints the answer on one line: cells joined by "|", rows by a
/// space-free ";", NULL as "NULL"; an error as "ERROR state: message".
class SqlTest : public testing::Test {
 protected:
  std::string ask(const std::string& text) {
    auto parsed = session.parse(text);
    if (const auto* error = std::get_if<SqlError>(&parsed)) return show(*error);
    std::string answer;
    for (const Prepared& prepared : std::get<std::vector<Prepared>>(parsed)) {
      auto result = session.execute(prepared);
      if (const auto* error = std::get_if<SqlError>(&result)) return show(*error);
      outcome = std::get<Outcome>(result);
      answer = print(outcome);
    }
    return answer;
  }
  std::string columns(const std::string& text) {
    (void)ask(text);
    std::string names;
    for (const Field& field : outcome.fields) names += (names.empty() ? "" : ",") + field.name;
    return names;
  }
  SqlError error_of(const std::string& text) {
    const auto done = execute_first(session, text);
    const auto* error = std::get_if<SqlError>(&done);
    return error == nullptr ? SqlError{"00000", "no error"} : *error;
  }

  FakeCatalog catalog;
  Session session{catalog, SessionOptions{"root", "app", 77, nullptr}};
  Outcome outcome;

 private:
  static std::string show(const SqlError& error) {
    return "ERROR " + error.sqlstate + ": " + error.message;
  }
  static std::string print(const Outcome& outcome) {
    if (!outcome.returns_rows) return outcome.tag;
    std::string text;
    for (const Row& row : outcome.rows) {
      if (&row != &outcome.rows.front()) text += ";";
      for (std::size_t at = 0; at < row.size(); ++at) {
        if (at > 0) text += "|";
        text += is_null(row[at]) ? "NULL" : to_text(row[at], outcome.fields[at].type);
      }
    }
    return text;
  }
};

}  // namespace faultline::sim::sql
