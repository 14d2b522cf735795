#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace faultline::sql {

using Cell = std::optional<std::string>;  ///< Text form; empty is NULL.
using Row = std::vector<Cell>;
using Rows = std::vector<Row>;

/// What the sources know of a database. One thread uses a session.
class Session {
 public:
  virtual ~Session() = default;
  /// Ends by `deadline` whatever the peer does. Errors: `timeout`, `unavailable`
  /// (the session is gone, the next call dials again), `unauthorized` (no login),
  /// `forbidden` (a privilege is missing), `upstream` (the server said no for another
  /// reason; "SQLSTATE: message").
  [[nodiscard]] virtual Result<Rows> query(const std::string& statement, Deadline deadline) = 0;
  /// Changes with each new connection: what was asked before may not hold any more.
  [[nodiscard]] virtual std::int64_t generation() const = 0;
  /// The session's crdb_version; empty before the first query, and from others.
  [[nodiscard]] virtual std::string server_version() const { return {}; }
};

/// Makes a session that dials `address` ("host:port") when it is first used.
using SessionFactory = std::function<std::unique_ptr<Session>(const std::string& address)>;

}  // namespace faultline::sql
