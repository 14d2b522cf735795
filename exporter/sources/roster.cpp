#include "exporter/sources/roster.hpp"

#include <algorithm>

namespace faultline::sources {

Roster::Roster(const std::vector<std::string>& sql, const std::vector<std::string>& http) {
  for (const auto& address : sql) members_.push_back({{}, address, {}, Answering::unknown});
  for (const auto& address : http) members_.push_back({{}, {}, address, Answering::unknown});
}

bool Roster::set(std::vector<Member> members) {
  const std::lock_guard lock(mutex_);
  const auto same = [](const Member& a, const Member& b) {
    return a.id == b.id && a.sql == b.sql && a.http == b.http;
  };
  const bool changed =
      !std::equal(members.begin(), members.end(), members_.begin(), members_.end(), same);
  members_ = std::move(members);
  return changed;
}

std::vector<Member> Roster::members() const {
  const std::lock_guard lock(mutex_);
  return members_;
}

std::vector<Member> Roster::gateways(const std::optional<std::string>& owner) const {
  const std::lock_guard lock(mutex_);
  std::vector<Member> found;
  for (const auto& member : members_) {
    const bool taken = owner && std::any_of(held_.begin(), held_.end(), [&](const auto& item) {
                         return item.first != *owner && item.second == member.sql;
                       });
    if (!member.sql.empty() && !taken) found.push_back(member);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Member& a, const Member& b) { return a.answering < b.answering; });
  return found;
}

void Roster::hold(const std::string& owner, const std::string& address) {
  const std::lock_guard lock(mutex_);
  held_[owner] = address;
}

}  // namespace faultline::sources
