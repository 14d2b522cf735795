#include "chaosd/runtime/capability.hpp"

#include <set>

namespace faultline::chaos {

namespace {

FaultSupport support_on(const std::vector<FaultSupport>& all, FaultKind kind) {
  for (const auto& one : all) {
    if (one.kind == kind) return one;
  }
  return {kind, Support::supported, ""};
}

FaultSupport together(FaultKind kind,
                      const std::map<std::string, std::vector<FaultSupport>>& by_host) {
  FaultSupport all{kind, Support::supported, ""};
  std::size_t lacking = 0;
  for (const auto& [host, support] : by_host) {
    const auto here = support_on(support, kind);
    if (here.support == Support::supported) continue;
    lacking += here.support == Support::unsupported ? 1 : 0;
    all.support = Support::degraded;
    if (!all.reason.empty()) all.reason += "; ";
    all.reason += (here.support == Support::unsupported ? "not on host " : "on host ") + host +
                  ": " + here.reason;
  }
  if (lacking == by_host.size()) all.support = Support::unsupported;
  // A path that can be slowed down on one of them can be asked for; the others refuse it by target.
  bool first = true;
  for (const auto& [host, support] : by_host) {
    const auto here = support_on(support, kind);
    if (here.support == Support::unsupported) continue;
    if (first) all.without = here.without;
    first = false;
    std::erase_if(all.without, [&](const auto& one) { return !here.without.contains(one.first); });
  }
  return all;
}

}  // namespace

std::vector<FaultSupport> common_support(
    const std::map<std::string, std::vector<FaultSupport>>& by_host) {
  if (by_host.size() == 1) return by_host.begin()->second;
  std::set<FaultKind> kinds;
  for (const auto& [host, support] : by_host) {
    for (const auto& one : support) kinds.insert(one.kind);
  }
  std::vector<FaultSupport> all;
  for (const FaultKind kind : kinds) all.push_back(together(kind, by_host));
  return all;
}

}  // namespace faultline::chaos
