#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/secret.hpp"
#include "common/net/address_book.hpp"
#include "exporter/sources/sql_session.hpp"
#include "exporter/sources/watchdog.hpp"

namespace faultline::sql {

struct Login {
  std::string user = "root";
  Secret password;        ///< Empty: none.
  std::string certs_dir;  ///< Empty: sslmode=disable; else verify-full with its ca.crt,
                          ///< client.<user>.crt and client.<user>.key.
  bool operator==(const Login&) const = default;
};

struct SessionOptions {
  Login login;
  /// Kind to the server; our own deadline is what holds.
  milliseconds statement_timeout{2000};
  bool read_only = true;  ///< The server itself then refuses what would write.
  /// More session settings, each "name=value" as check_session_setting wants it.
  std::vector<std::string> settings = {};
};

/// libpq's words for one numeric address; pure, for tests.
[[nodiscard]] Secret connection_string(const SessionOptions& options, const std::string& host,
                                       const std::string& port, const std::string& numeric);

/// Why a "name=value" cannot be a startup option; empty when it can. Pure.
[[nodiscard]] std::string check_session_setting(const std::string& text);

/// A session over libpqxx in database `system` (any other hangs without quorum until
/// its descriptor is cached). It dials at the first query and after each loss, inside
/// the deadline of that query. `book` and `dog` outlive this; the latter ends a call in hand.
class PqxxSession final : public Session {
 public:
  PqxxSession(std::string address, SessionOptions options, net::AddressBook& book, Watchdog& dog);
  ~PqxxSession() override;

  [[nodiscard]] Result<Rows> query(const std::string& statement, Deadline deadline) override;
  [[nodiscard]] std::int64_t generation() const override { return generation_; }
  [[nodiscard]] std::string server_version() const override { return version_; }

 private:
  struct Connection;  // Hides pqxx: only the source file includes it.

  [[nodiscard]] Status dial(Deadline deadline);
  void learn_version();
  [[nodiscard]] Error refused(const std::string& statement, const std::string& sqlstate,
                              const std::string& what) const;
  [[nodiscard]] Error lost(const std::string& what, Deadline deadline) const;

  std::string address_;
  SessionOptions options_;
  net::AddressBook& book_;
  Watchdog& dog_;
  std::unique_ptr<Connection> connection_;
  std::int64_t generation_ = 0;
  std::string version_;
};

}  // namespace faultline::sql
