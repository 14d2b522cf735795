#include "chaosd/nethold/relay_rules.hpp"

#include <array>
#include <cstdio>

namespace faultline::nethold {

std::string relay_ruleset(const Marks& marks, const chaos::NetRules& rules, RelayPort relay,
                          bool owned) {
  std::string ports;
  for (const auto port : rules.ports) ports += (ports.empty() ? "" : ", ") + std::to_string(port);
  const std::string lead = std::string{relay.ipv6 ? "" : "meta nfproto ipv4 "} + "tcp dport { " +
                           ports + " } " + std::string{kCounted} +
                           " redirect to :" + std::to_string(relay.port) + "\n";
  std::array<char, 32> mark{};
  std::snprintf(mark.data(), mark.size(), "meta mark 0x%08x ", kWitnessMark);

  std::string text = "table inet " + marks.table + " {\n";
  if (owned) text += "  flags owner;\n";
  text += "  counter met { }\n";
  text += std::string{"  chain "} + kClientsChain + " {\n";
  text += "    type nat hook prerouting priority -100; policy accept;\n";
  text += "    iifname \"lo\" return\n";
  text += let_through(rules.exempt, "saddr");
  text += "    " + lead + "  }\n";
  text += std::string{"  chain "} + kWitnessChain + " {\n";
  text += "    type nat hook output priority -100; policy accept;\n";
  text += std::string{"    "} + mark.data() + lead + "  }\n";
  return text + "}\n";
}

}  // namespace faultline::nethold
