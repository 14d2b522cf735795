#include "chaosd/nethold/ruleset.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <vector>

namespace faultline::nethold {

using chaos::NetDirection;
using chaos::NetEffect;
using chaos::NetRules;

namespace {

constexpr const char* kReceived = "received";
constexpr const char* kSent = "sent";

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::vector<std::string> only(const std::vector<std::string>& addresses,
                              bool (*is_family)(const std::string&)) {
  std::vector<std::string> chosen;
  for (const auto& address : addresses) {
    if (!is_family(address)) continue;
    if (std::find(chosen.begin(), chosen.end(), address) == chosen.end()) chosen.push_back(address);
  }
  return chosen;
}

/// What stands before the ports, one entry per rule: an address of each family, or
/// nothing for "everybody".
std::vector<std::string> selectors(const NetRules& rules, std::string_view side) {
  if (rules.nobody) return {};
  if (rules.peers.empty()) return {""};
  std::vector<std::string> all;
  const auto add = [&](std::string_view family, const std::vector<std::string>& addresses) {
    if (addresses.empty()) return;
    all.push_back(std::string{family} + " " + std::string{side} + " { " + joined(addresses) +
                  " } ");
  };
  add("ip", only(rules.peers, chaos::is_ipv4));
  add("ip6", only(rules.peers, chaos::is_ipv6));
  return all;
}

std::string verdict(const Marks& marks, const NetRules& rules) {
  std::array<char, 48> text{};
  switch (rules.effect) {
    case NetEffect::drop: return "drop";
    case NetEffect::loss:
      std::snprintf(text.data(), text.size(), "numgen random mod 100 < %d drop",
                    static_cast<int>(rules.percent));
      return text.data();
    case NetEffect::rate:
    case NetEffect::delay:
      // htb takes a priority that names one of its classes for the class: no filter is needed.
      std::snprintf(text.data(), text.size(), "meta priority set %x:1", marks.major);
      return text.data();
    case NetEffect::relay: break;  // Has a ruleset of its own: relay_rules.
  }
  return "";
}

std::string chain(const Marks& marks, const NetRules& rules, bool input) {
  const std::string_view side = input ? "saddr" : "daddr";
  std::string text = std::string{"  chain "} + (input ? kReceived : kSent) + " {\n";
  // Before connection tracking: a dropped packet must not be known to anybody.
  text += std::string{"    type filter hook "} + (input ? "input" : "output") +
          " priority -300; policy accept;\n";
  text += std::string{"    "} + (input ? "iifname" : "oifname") + " \"lo\" return\n";
  if (rules.peers.empty()) {
    text += let_through(rules.exempt, side);
  }
  std::vector<std::string> ports;
  for (const auto port : rules.ports) ports.push_back(std::to_string(port));
  for (const auto& selector : selectors(rules, side)) {
    // Connections that the peer opened to us, and those that we opened to the peer.
    for (const std::string_view port : {"dport", "sport"}) {
      text += "    " + selector + "meta l4proto { tcp, udp } th " + std::string{port} + " { " +
              joined(ports) + " } " + std::string{kCounted} + " " + verdict(marks, rules) + "\n";
    }
  }
  return text + "  }\n";
}

}  // namespace

Result<Marks> marks_of(const std::string& fault_id) {
  Marks marks{"faultline_", 0};
  const bool fits = !fault_id.empty() && fault_id.size() <= 48;
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char letter : fault_id) {
    const bool known =
        (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || letter == '-';
    if (!known || !fits) {
      return Error{ErrorCode::invalid, "\"" + fault_id + "\" is not the id of a fault", "--fault"};
    }
    marks.table += letter == '-' ? '_' : letter;
    hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
  }
  if (!fits) return Error{ErrorCode::invalid, "--fault is missing", "--fault"};
  marks.major = 0x4000U + hash % 0x3fffU;
  return marks;
}

std::string let_through(const std::vector<std::string>& addresses, std::string_view side) {
  std::string text;
  const auto add = [&](std::string_view family, const std::vector<std::string>& chosen) {
    if (chosen.empty()) return;
    text += "    " + std::string{family} + " " + std::string{side} + " { " + joined(chosen) +
            " } return\n";
  };
  add("ip", only(addresses, chaos::is_ipv4));
  add("ip6", only(addresses, chaos::is_ipv6));
  return text;
}

std::string ruleset(const Marks& marks, const NetRules& rules, bool owned) {
  std::string text = "table inet " + marks.table + " {\n";
  if (owned) text += "  flags owner;\n";
  text += "  counter met { }\n";
  if (rules.direction != NetDirection::out) text += chain(marks, rules, true);
  if (rules.direction != NetDirection::in) text += chain(marks, rules, false);
  return text + "}\n";
}

std::vector<std::string> chains_of(const NetRules& rules) {
  std::vector<std::string> chains;
  if (rules.direction != NetDirection::out) chains.emplace_back(kReceived);
  if (rules.direction != NetDirection::in) chains.emplace_back(kSent);
  return chains;
}

int rules_count(const NetRules& rules) {
  return static_cast<int>(chains_of(rules).size()) * 2 *
         static_cast<int>(selectors(rules, "saddr").size());
}

int count_rules(const std::string& listing) {
  int count = 0;
  for (auto at = listing.find(kCounted); at != std::string::npos;
       at = listing.find(kCounted, at + 1)) {
    count += 1;
  }
  return count;
}

std::int64_t packets_in(const std::string& listing) {
  constexpr std::string_view kPackets = "packets ";
  const auto at = listing.find(kPackets);
  if (at == std::string::npos) return -1;
  std::int64_t packets = -1;
  const char* begin = listing.data() + at + kPackets.size();
  std::from_chars(begin, listing.data() + listing.size(), packets);
  return packets;
}

}  // namespace faultline::nethold
