#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::sim::client {

struct SqlOptions {
  std::string host = "localhost", port = "26257", database = "defaultdb";
  std::vector<std::string> statements;
  /// For everything: looking up, connecting and every answer.
  std::chrono::milliseconds deadline{30'000};
};

/// What follows `crdbsim sql`. An Error names the flag and says what would do.
[[nodiscard]] Result<SqlOptions> parse_sql(const std::vector<std::string>& arguments);

/// What the statements answered, to be printed; and the first failure, which ends the run.
struct SqlOutcome {
  std::string out;
  std::string error;  ///< Empty: all went well. Else "ERROR: …", with "SQLSTATE: …" when known.
};

[[nodiscard]] SqlOutcome run_sql(const SqlOptions& options);

}  // namespace faultline::sim::client
