#pragma once

#include <cstdint>
#include <string>

#include "chaosd/nethold/ruleset.hpp"

namespace faultline::nethold {

/// The mark on the helper's own connection that is to go through the relay: clients come
/// from without, where it cannot be.
inline constexpr std::uint32_t kWitnessMark = 0x00fa17fa;
/// The chain that leads clients to the relay.
inline constexpr const char* kClientsChain = "clients";
/// The one for the helper itself.
inline constexpr const char* kWitnessChain = "witness";

struct RelayPort {
  std::uint16_t port = 0;
  bool ipv6 = true;  ///< Whether it hears connections by IPv6.
};

/// The nftables commands that lead new connections to CockroachDB's ports to the relay, but
/// those of the exempt and what stays within the target. Established ones go on as they
/// are: the kernel translates a connection by its first packet or never.
[[nodiscard]] std::string relay_ruleset(const Marks& marks, const chaos::NetRules& rules,
                                        RelayPort relay, bool owned);
inline constexpr int kRelayRules = 2;  ///< So many the kernel must show afterwards.

}  // namespace faultline::nethold
