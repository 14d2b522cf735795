#include "exporter/sources/gateway_session.hpp"

#include <algorithm>

namespace faultline::sources {

namespace {

/// The server answered, and no.
bool is_refusal(ErrorCode code) {
  return code == ErrorCode::upstream || code == ErrorCode::forbidden;
}

}  // namespace

GatewaySession::GatewaySession(std::string owner, Roster& roster, sql::SessionFactory dial,
                               milliseconds attempt, bool exclusive)
    : owner_(std::move(owner)),
      roster_(roster),
      dial_(std::move(dial)),
      attempt_(attempt),
      exclusive_(exclusive) {}

GatewaySession::~GatewaySession() = default;

Result<sql::Rows> GatewaySession::query(const std::string& statement, Deadline deadline) {
  // While the other session asks the only node there is, what that node said is still the news.
  Error last = failed_.value_or(Error{ErrorCode::unavailable, "there is no other node to ask"});
  for (const auto& address : order()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) break;
    choose(address);
    auto rows = session_->query(statement, std::min(deadline, now + attempt_));
    if (rows) {
      if (avoid_ == address) avoid_.clear();
      failed_.reset();
      server_version_ = session_->server_version();
      return rows;
    }
    last = rows.error();
    failed_ = last;
    server_version_ = session_->server_version();
    avoid_ = address;
    leave();
    // The server said no; another may say yes, but not in this read: a statement that
    // hangs on the cluster hangs everywhere, and each try costs the cluster.
    if (is_refusal(last.code)) break;
  }
  return last;
}

Result<sql::Rows> GatewaySession::query_here(const std::string& statement, Deadline deadline) {
  if (!session_) return Error{ErrorCode::unavailable, "there is no session"};
  const auto now = std::chrono::steady_clock::now();
  auto rows = session_->query(statement, std::min(deadline, now + attempt_));
  // A refused statement leaves the session as it was.
  if (!rows && !is_refusal(rows.error().code)) leave();
  return rows;
}

std::optional<std::string> GatewaySession::gateway() const {
  return asked_.empty() ? std::nullopt : std::optional<std::string>{asked_};
}

std::int64_t GatewaySession::generation() const {
  constexpr std::int64_t kDialsMax = 1LL << 32;  // Of one session, more than will ever be.
  return sessions_ * kDialsMax + (session_ ? session_->generation() : 0);
}

std::optional<sql::ServerVersion> GatewaySession::server_version() const {
  return sql::parse_server_version(server_version_);
}

std::vector<Member> GatewaySession::candidates() const {
  return roster_.gateways(exclusive_ ? std::optional{owner_} : std::nullopt);
}

std::vector<std::string> GatewaySession::order() {
  auto members = candidates();
  const auto current = std::find_if(members.begin(), members.end(), [&](const Member& member) {
    return !address_.empty() && member.sql == address_;
  });
  // A node that is known to be silent, or not live in its own eyes, is left before it
  // costs us an attempt or gives false witness.
  const bool stay = current != members.end() && (current->answering == Answering::unknown ||
                                                 current->answering <= members.front().answering);
  if (!stay) leave();
  std::vector<std::string> addresses;
  if (stay) addresses.push_back(address_);
  for (const bool avoided : {false, true}) {
    for (const auto& member : members) {
      const bool listed =
          std::find(addresses.begin(), addresses.end(), member.sql) != addresses.end();
      if (!listed && (member.sql == avoid_) == avoided) addresses.push_back(member.sql);
    }
  }
  return addresses;
}

void GatewaySession::choose(const std::string& address) {
  asked_ = address;
  if (session_ && address == address_) return;
  session_ = dial_(address);
  ++sessions_;
  address_ = address;
  if (exclusive_) roster_.hold(owner_, address_);
}

void GatewaySession::leave() {
  session_.reset();
  address_.clear();
  if (exclusive_) roster_.hold(owner_, {});
}

}  // namespace faultline::sources
