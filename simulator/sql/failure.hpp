#pragma once

#include <string>
#include <string_view>

#include "simulator/sql/catalog.hpp"

namespace faultline::sim::sql {

// Inside this folder a statement that fails throws Failure, and Session turns it into
// the SqlError that leaves the folder: an evaluator whose every operator returns a
// Result would be twice as long and no clearer. Nothing else is thrown here.
struct Failure {
  SqlError error;
};

[[nodiscard]] Failure failure(std::string sqlstate, std::string message);

/// `at_end` leaves the word out, as the server does when the text just stops.
[[nodiscard]] Failure syntax_error(std::string_view sql, std::size_t position, bool at_end);
[[nodiscard]] Failure undefined_column(std::string_view name);
[[nodiscard]] Failure undefined_table(std::string_view name);
[[nodiscard]] Failure undefined_database(std::string_view name);
[[nodiscard]] Failure undefined_function(std::string_view signature, bool arguments_at_fault);
[[nodiscard]] Failure unparsable(std::string_view text, std::string_view type,
                                 std::string_view reason);
[[nodiscard]] Failure division_by_zero();
[[nodiscard]] Failure unsupported(std::string_view what);
[[nodiscard]] Failure statement_timeout();
[[nodiscard]] Failure statement_cancelled();

/// Throws when the statement's deadline has passed or somebody cancelled it.
void check_patience(const Context& context);

/// The value of a Catalog answer, or its error thrown.
template <class T>
T take(SqlResult<T> result) {
  if (auto* error = std::get_if<SqlError>(&result)) throw Failure{std::move(*error)};
  return std::move(*std::get_if<T>(&result));
}

}  // namespace faultline::sim::sql
