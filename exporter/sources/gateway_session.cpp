#include "exporter/sources/gateway_session.hpp"

#include <algorithm>
#include <tuple>

namespace faultline::sources {

namespace {

constexpr int kLateOpeningsMax = 2;  ///< Four times an attempt: more than a read has.

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
  for (const auto& member : order()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) break;
    choose(member.sql);
    const bool opening = session_->generation() == 0;
    auto rows = session_->query(statement, std::min(deadline, now + limit(member)));
    server_version_ = session_->server_version();
    auto& trouble = troubles_[member.sql];
    if (rows) {
      const bool quick = opening && std::chrono::steady_clock::now() - now < attempt_;
      trouble = {0, quick ? 0 : trouble.late_openings};
      failed_.reset();
      return rows;
    }
    last = rows.error();
    failed_ = last;
    ++trouble.failures;
    const bool late = last.code == ErrorCode::timeout && session_->generation() == 0;
    // One that is known to be silent is not slow.
    if (late && member.answering != Answering::silent) {
      trouble.late_openings = std::min(trouble.late_openings + 1, kLateOpeningsMax);
    }
    leave();
    // The server said no; another may say yes, but not in this read: a statement that
    // hangs on the cluster hangs everywhere, and each try costs the cluster.
    if (is_refusal(last.code)) break;
  }
  return last;
}

milliseconds GatewaySession::limit(const Member& member) const {
  const auto trouble = troubles_.find(member.sql);
  const bool connected = session_->generation() > 0;
  if (connected || trouble == troubles_.end() || member.answering == Answering::silent) {
    return attempt_;
  }
  return attempt_ * (1 << trouble->second.late_openings);
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

std::vector<Member> GatewaySession::order() {
  auto members = candidates();
  std::erase_if(troubles_, [&](const auto& item) {
    return std::none_of(members.begin(), members.end(),
                        [&](const Member& member) { return member.sql == item.first; });
  });
  const auto current = std::find_if(members.begin(), members.end(), [&](const Member& member) {
    return !address_.empty() && member.sql == address_;
  });
  // A node that is known to be silent, or not live in its own eyes, is left before it
  // costs us an attempt or gives false witness.
  const bool stay = current != members.end() && (current->answering == Answering::unknown ||
                                                 current->answering <= members.front().answering);
  if (!stay) leave();
  // Who failed more often is tried after the others, so that each has its turn, also where one
  // attempt may take the whole read.
  const auto rank = [&](const Member& member) {
    const auto trouble = troubles_.find(member.sql);
    return std::tuple{address_.empty() || member.sql != address_,
                      member.answering == Answering::silent,
                      trouble == troubles_.end() ? 0 : trouble->second.failures};
  };
  std::stable_sort(members.begin(), members.end(),
                   [&](const Member& a, const Member& b) { return rank(a) < rank(b); });
  return members;
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
