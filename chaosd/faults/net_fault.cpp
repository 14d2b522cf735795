#include "chaosd/faults/net_fault.hpp"

#include <algorithm>
#include <charconv>

namespace faultline::chaos {

namespace {

constexpr std::int64_t kCockroachPort = 26257;

template <class Item>
void add_new(std::vector<Item>& list, const std::vector<Item>& more) {
  for (const auto& item : more) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  }
}

/// Those that it advertises: with a port, as its command line has them.
std::vector<std::string> advertised(const TargetInfo& target) {
  TargetInfo only;
  for (const auto& address : target.addresses) {
    if (!is_ipv6(address) && address.find(':') != std::string::npos) {
      only.addresses.push_back(address);
    }
  }
  return ip_addresses(only);
}

/// Where a peer on another host is met from `target`: at what it advertises. An address within
/// its own machine may here be somebody else's, who is not to be cut.
Result<std::vector<std::string>> met_from(const TargetInfo& target, const TargetInfo& peer,
                                          Runtime& runtime, Deadline deadline) {
  auto addresses = advertised(peer);
  if (!addresses.empty()) return addresses;
  addresses = ip_addresses(peer);
  const auto others = runtime.list(deadline);
  if (!others) return others.error();
  for (const auto& other : *others) {
    if (other.host != target.host) continue;
    for (const auto& taken : ip_addresses(other)) std::erase(addresses, taken);
  }
  return addresses;
}

}  // namespace

std::vector<std::string> ip_addresses(const TargetInfo& target) {
  std::vector<std::string> found;
  for (const auto& address : target.addresses) {
    const auto colon = address.rfind(':');
    // "10.0.0.2" and "10.0.0.2:26257"; an IPv6 address has colons of its own.
    const std::string host = is_ipv6(address) ? address : address.substr(0, colon);
    if (is_ipv4(host) || is_ipv6(host)) add_new(found, {host});
  }
  return found;
}

std::vector<std::int64_t> ports_of(const TargetInfo& target) {
  std::vector<std::int64_t> found{kCockroachPort};
  for (const auto& address : target.addresses) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos || is_ipv6(address)) continue;
    std::int64_t port = 0;
    const char* const end = address.data() + address.size();
    const auto [read, error] = std::from_chars(address.data() + colon + 1, end, port);
    if (error == std::errc{} && read == end && port >= 1 && port <= 65535) add_new(found, {port});
  }
  return found;
}

Result<HoldWhat> NetFault::what(Runtime& runtime, const FaultOrder& order,
                                Deadline deadline) const {
  NetRules rules;
  rules.direction = order.params.direction;
  fill(rules, order.params);
  const auto target = runtime.inspect(order.target_id, deadline);
  if (!target) return target.error();
  rules.ports = ports_of(*target);
  if (order.params.peers.empty()) {
    auto exempt = runtime.holds()->exempt(order.target_id, deadline);
    if (!exempt) return exempt.error();
    rules.exempt = std::move(exempt).value();
    const auto others = runtime.list(deadline);
    if (!others) return others.error();
    for (const auto& other : *others) {
      if (other.id == order.target_id) continue;
      add_new(rules.witnesses, ip_addresses(other));
      add_new(rules.ports, ports_of(other));
    }
    return HoldWhat{std::move(rules)};
  }
  for (const auto& peer : order.params.peers) {
    const auto found = runtime.inspect(peer.id, deadline);
    if (!found) return found.error();
    const auto addresses = found->host == target->host
                               ? Result{ip_addresses(*found)}
                               : met_from(*target, *found, runtime, deadline);
    if (!addresses) return addresses.error();
    if (addresses->empty()) {
      return Error{ErrorCode::conflict, peer.name + " has no IP address now (it is " +
                                            std::string{to_string(found->state)} + ")"};
    }
    add_new(rules.peers, *addresses);
    add_new(rules.ports, ports_of(*found));
  }
  rules.witnesses = rules.peers;
  return HoldWhat{std::move(rules)};
}

Proof NetFault::proof_in(const HoldReport& report) const {
  if (report.rules == 0) return {false, "the kernel shows no rule of it"};
  if (report.met == 0) {
    return {false, report.note.empty() ? "no packet has met its rules" : report.note};
  }
  return {true, ""};
}

}  // namespace faultline::chaos
