#pragma once

#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "exporter/sources/server_version.hpp"

namespace faultline::sql {

/// What the server said to a statement, and to whom.
struct Refusal {
  std::string sqlstate;
  std::string message;  ///< Its first line, without "ERROR:".
  std::string statement;
  std::string user;
  std::optional<ServerVersion> version;  ///< Empty: not CockroachDB, or not told.
  milliseconds statement_timeout{0};
};

/// One sentence that says what would do: the GRANT to run on that version when a privilege
/// is missing, where the switch is when crdb_internal is closed. `forbidden` for these,
/// `upstream` for everything else, which keeps its SQLSTATE in front. Pure.
[[nodiscard]] Error explain_refusal(const Refusal& refusal);

/// Why a login did not come about, out of libpq's words: `unauthorized` for refused
/// logins and certificates (with the flag to look at), `timeout` when the cluster could
/// not look the user up, `unavailable` for the rest. Pure.
[[nodiscard]] Error explain_login(const std::string& words, const std::string& address,
                                  const std::string& user);

}  // namespace faultline::sql
