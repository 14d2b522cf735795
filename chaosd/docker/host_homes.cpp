#include "chaosd/docker/host_homes.hpp"

namespace faultline::chaos {

namespace {

std::optional<std::string> find(const std::map<std::string, std::string>& in,
                                const std::string& what) {
  const auto found = in.find(what);
  return found == in.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace

Status HostHomes::list(const std::string& host, const std::vector<std::string>& ids) {
  const std::lock_guard lock(mutex_);
  std::erase_if(containers_, [&](const auto& item) { return item.second == host; });
  for (const auto& id : ids) {
    const auto other = find(containers_, id);
    if (!other) continue;
    return Error{ErrorCode::conflict, "it has container " + id.substr(0, 12) + " of host " +
                                          *other +
                                          " as well: one Engine under two names; give "
                                          "--docker.host once for it"};
  }
  for (const auto& id : ids) containers_[id] = host;
  return kDone;
}

void HostHomes::put_hold(const std::string& fault, const std::string& host) {
  const std::lock_guard lock(mutex_);
  holds_[fault] = host;
}

void HostHomes::drop_hold(const std::string& fault) {
  const std::lock_guard lock(mutex_);
  holds_.erase(fault);
}

std::optional<std::string> HostHomes::of_container(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return find(containers_, id);
}

std::optional<std::string> HostHomes::of_hold(const std::string& fault) const {
  const std::lock_guard lock(mutex_);
  return find(holds_, fault);
}

}  // namespace faultline::chaos
