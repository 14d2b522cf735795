#include "chaosd/faults/net_fault.hpp"

#include <algorithm>
#include <charconv>

namespace faultline::chaos {

namespace {

constexpr std::int64_t kCockroachPort = 26257;
constexpr int kLooksForProof = 10;  // Each sends packets of its own.

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

/// Adds what is known of one peer now.
Status meet(NetPicture& picture, const TargetInfo& target, const Peer& peer, Runtime& runtime,
            Deadline deadline) {
  const auto found = runtime.inspect(peer.id, deadline);
  if (!found && found.error().code != ErrorCode::not_found) return found.error();
  if (!found) {
    picture.away.push_back({found.error().message, {}});
    return kDone;
  }
  const auto addresses = found->host == target.host ? Result{ip_addresses(*found)}
                                                    : met_from(target, *found, runtime, deadline);
  if (!addresses) return addresses.error();
  if (is_up(*found) && !addresses->empty()) {
    add_new(picture.rules.peers, *addresses);
  } else {
    picture.away.push_back(
        {peer.name + " has no IP address now (it is " + std::string{to_string(found->state)} + ")",
         *addresses});
  }
  add_new(picture.rules.ports, ports_of(*found));
  for (const auto& address : *addresses) picture.names[address] = peer.name;
  return kDone;
}

/// Of a look at the world that failed: nothing is known by it, also nothing of the hold.
Error not_known(Error error) {
  const bool is_of_a_hold = error.code == ErrorCode::not_found || error.code == ErrorCode::conflict;
  if (is_of_a_hold) error.code = ErrorCode::unavailable;
  return error;
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

Status NetFault::suits(const TargetInfo& target) const {
  if (target.network_of.empty()) return kDone;
  const bool is_host = target.network_of == "host";
  return Error{ErrorCode::unsupported,
               target.name + " is in the network of " +
                   (is_host ? "its host, and all that runs there would meet "
                            : "another container, which would meet ") +
                   std::string{to_string(kind())} +
                   " as well; give the target a network of its own",
               "/kind"};
}

NetRules NetFault::begin(const FaultOrder& order, const TargetInfo& target) const {
  NetRules rules;
  rules.direction = order.params.direction;
  fill(rules, order.params);
  rules.ports = ports_of(target);
  return rules;
}

Result<NetPicture> NetFault::look(Runtime& runtime, const FaultOrder& order,
                                  Deadline deadline) const {
  const auto target = runtime.inspect(order.target_id, deadline);
  if (!target) return target.error();
  NetPicture picture{begin(order, *target)};
  NetRules& rules = picture.rules;
  for (const auto& peer : order.params.peers) {
    if (auto met = meet(picture, *target, peer, runtime, deadline); !met) return met.error();
  }
  if (!order.params.peers.empty()) {
    rules.witnesses = rules.peers;
    return picture;
  }
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
  return picture;
}

Result<HoldWhat> NetFault::what(Runtime& runtime, const FaultOrder& order,
                                Deadline deadline) const {
  auto seen = look(runtime, order, deadline);
  if (!seen) return seen.error();
  for (const auto& peer : seen->away) {
    if (peer.addresses.empty()) return Error{ErrorCode::conflict, peer.words};
    add_new(seen->rules.peers, peer.addresses);
    seen->rules.witnesses = seen->rules.peers;
  }
  return HoldWhat{std::move(seen->rules)};
}

Result<std::string> NetFault::follow(Runtime& runtime, const FaultOrder& order,
                                     const HoldReport& held, Deadline deadline) const {
  if (!held.laid) {
    return Error{ErrorCode::unsupported,
                 "its helper does not say what it holds; build its image again with "
                 "tools/nethold_image"};
  }
  const auto seen = look(runtime, order, deadline);
  if (!seen) return not_known(seen.error());
  std::vector<std::string> in_use;
  if (!doubtful(*held.laid, *seen).empty()) {
    auto asked = runtime.holds()->addresses_in_use(order.target_id, deadline);
    if (!asked) return not_known(asked.error());
    in_use = std::move(asked).value();
  }
  const auto change = change_of(*held.laid, *seen, in_use);
  if (same_rules(change.rules, *held.laid)) return std::string{};
  return replace(runtime, order, change, deadline);
}

Result<std::string> NetFault::replace(Runtime& runtime, const FaultOrder& order,
                                      const NetChange& change, Deadline deadline) const {
  auto report = runtime.holds()->replace(
      {order.fault, order.target_id, HoldWhat{change.rules}, order.time_left, kLease}, deadline);
  for (int looks = 1; report; ++looks) {
    const Proof proof = proof_in(*report);
    if (proof.shown || !change.shows) return change.words;
    if (looks >= kLooksForProof) {
      return Error{ErrorCode::conflict,
                   "addresses have changed, and the effect of its new rules could not be proven: " +
                       proof.note};
    }
    report = renew(runtime, order, deadline);
  }
  const auto code = report.error().code;
  const bool may_pass =
      code == ErrorCode::not_found || code == ErrorCode::timeout || code == ErrorCode::unavailable;
  if (may_pass) return report.error();  // It is seen again at the next renewal.
  return Error{ErrorCode::conflict,
               "addresses have changed, and its rules could not follow: " + report.error().message};
}

Proof NetFault::proof_in(const HoldReport& report) const {
  if (report.rules == 0) return {false, "the kernel shows no rule of it"};
  if (report.met == 0) {
    return {false, report.note.empty() ? "no packet has met its rules" : report.note};
  }
  return {true, ""};
}

}  // namespace faultline::chaos
