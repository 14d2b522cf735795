#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/pgwire/message.hpp"
#include "simulator/pgwire/scram_server.hpp"
#include "simulator/pgwire/startup.hpp"
#include "simulator/sql/session.hpp"

namespace faultline::sim::pgwire {

struct CancelKey {
  std::uint32_t pid = 0;
  std::uint32_t secret = 0;
};

/// The client's end of a TLS connection.
struct TlsPeer {
  std::string certificate_user;  ///< Common name of its certificate; empty: it gave none.
};

/// What other threads may see and set of a connection.
struct ConnectionFlags {
  std::atomic<bool> running{false};    ///< A statement is being executed.
  std::atomic<bool> cancelled{false};  ///< Ends that statement with 57014.
  std::atomic<bool> gone{false};       ///< The client hung up; nothing is reset any more.
};

struct ConnectionOptions {
  CancelKey key;
  std::function<bool()> accepts_logins = {};   ///< Empty: always.
  std::function<bool()> draining = {};         ///< Empty: never.
  std::function<void(CancelKey)> cancel = {};  ///< Empty: cancel requests are ignored.
  /// The node has certificates: whoever wants in speaks TLS, and shows a certificate of
  /// the user's name or knows the password.
  bool secure = false;
  /// What TLS found out; null while the bytes are in the clear.
  std::shared_ptr<const TlsPeer> tls = {};
  std::chrono::nanoseconds login_timeout = std::chrono::seconds(10);
};

/// One client's conversation, bytes in and bytes out, without a socket: the server
/// and the tests drive it the same way. One thread; flags excepted. The catalog and
/// the flags outlive it.
class Connection {
 public:
  Connection(sql::Catalog& catalog, ConnectionFlags& flags, ConnectionOptions options);

  void feed(std::string_view bytes) { input_.append(bytes); }
  /// Handles the next message. False: nothing more can be done without more bytes, or
  /// (waits_for_login) without the node becoming ready.
  bool step();
  [[nodiscard]] std::string take_output() { return out_.take(); }
  [[nodiscard]] bool is_closed() const { return phase_ == Phase::closed; }
  /// After the answer to an SSLRequest: the bytes from here on are TLS.
  [[nodiscard]] bool wants_tls() const { return wants_tls_; }
  void tls_established(std::shared_ptr<const TlsPeer> peer) {
    options_.tls = std::move(peer);
    wants_tls_ = false;
  }
  [[nodiscard]] bool waits_for_login() const { return phase_ == Phase::waiting; }
  /// Says 57P01 to a client that is logged in, and closes.
  void shut_down();

 private:
  enum class Phase : std::uint8_t { startup, waiting, password, ready, foreign, closed };

  struct Statement {
    sql::Prepared prepared;
    sql::Description description;
    std::vector<std::uint32_t> parameter_oids;
  };
  struct Portal {
    sql::Prepared prepared;
    sql::Description description;
    std::vector<sql::Value> parameters;
    std::vector<sql::Format> formats;
    std::optional<sql::Outcome> outcome;  ///< Once executed.
    std::size_t sent = 0;
  };

  bool first_message();
  void log_in();
  /// False: the login was refused. No account: there is no such user.
  bool find_account(std::optional<sql::Account>& account);
  void start_session(const sql::Account& account);
  // By certificate or password (login.cpp).
  void authenticate(const std::optional<sql::Account>& account);
  void password_message(char type, std::string_view payload);
  [[nodiscard]] sql::SqlError password_failed() const;
  void refuse(const sql::SqlError& error);
  bool next_message();
  void dispatch(char type, std::string_view payload);
  void simple_query(std::string_view payload);
  void parse(PayloadReader reader);
  void bind(PayloadReader reader);
  bool read_parameters(PayloadReader& reader, const Statement& statement, Portal& portal);
  void describe(PayloadReader reader);
  void execute(PayloadReader reader);
  void close(PayloadReader reader);
  void sync();
  sql::SqlResult<sql::Outcome> run(const sql::Prepared& prepared,
                                   std::vector<sql::Value> parameters);
  bool send_rows(const sql::Outcome& outcome, const std::vector<sql::Format>& formats,
                 std::size_t from, std::size_t to);
  void send_complete(const sql::Outcome& outcome, std::size_t rows_count);
  void after_statement(const sql::Outcome& outcome);
  void fail(const sql::SqlError& error);
  void protocol_violation(const std::string& message);

  sql::Catalog& catalog_;
  ConnectionFlags& flags_;
  ConnectionOptions options_;
  Phase phase_ = Phase::startup;
  std::string input_;
  MessageWriter out_;
  StartupParameters startup_;
  bool wants_tls_ = false;
  sql::Account account_;  ///< Whose password is being asked for.
  std::unique_ptr<ScramServer> scram_;
  std::unique_ptr<sql::Session> session_;
  std::map<std::string, Statement> statements_;
  std::map<std::string, Portal> portals_;
  bool skips_to_sync_ = false;  ///< After an error in the extended protocol.
};

}  // namespace faultline::sim::pgwire
