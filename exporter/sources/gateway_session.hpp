#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/sources/roster.hpp"
#include "exporter/sources/server_version.hpp"
#include "exporter/sources/sql_session.hpp"

namespace faultline::sources {

/// One statement through whichever node answers: stays with a gateway for as long as
/// it does, and tries the next when it is silent. Where the way is long, a login over TLS takes
/// longer than an attempt may: each that ends before there is a connection doubles what the next
/// one to that node may take. One thread.
class GatewaySession {
 public:
  /// `attempt` is how long one gateway may take; a read's deadline should have room
  /// for three. With `exclusive`, gateways held by other owners are left to them;
  /// `roster` and `dial` outlive this.
  GatewaySession(std::string owner, Roster& roster, sql::SessionFactory dial, milliseconds attempt,
                 bool exclusive);
  ~GatewaySession();

  [[nodiscard]] Result<sql::Rows> query(const std::string& statement, Deadline deadline);
  /// On the gateway that answered last, without trying another: for what belongs to
  /// the same session.
  [[nodiscard]] Result<sql::Rows> query_here(const std::string& statement, Deadline deadline);

  [[nodiscard]] std::optional<std::string> gateway() const;
  /// Changes with each new connection.
  [[nodiscard]] std::int64_t generation() const;
  /// The version of the node that we are with; empty when not known.
  [[nodiscard]] std::optional<sql::ServerVersion> server_version() const;

 private:
  /// How a node has disappointed us.
  struct Trouble {
    int failures = 0;       ///< In a row.
    int late_openings = 0;  ///< Attempts that ended before there was a connection.
  };

  void choose(const std::string& address);
  void leave();
  /// How long the attempt that comes may take.
  [[nodiscard]] milliseconds limit(const Member& member) const;
  [[nodiscard]] std::vector<Member> candidates() const;
  /// Whom to ask, in order: the one we are with unless a better one is to be had.
  [[nodiscard]] std::vector<Member> order();

  std::string owner_;
  Roster& roster_;
  sql::SessionFactory dial_;
  milliseconds attempt_;
  bool exclusive_;
  std::string address_;          ///< Empty: none chosen.
  std::optional<Error> failed_;  ///< What the last node asked said, until one answers.
  std::map<std::string, Trouble> troubles_;
  std::string server_version_;  ///< Of the node that was asked last.
  std::string asked_;           ///< For people: whom the last query asked.
  std::unique_ptr<sql::Session> session_;
  std::int64_t sessions_ = 0;
};

}  // namespace faultline::sources
