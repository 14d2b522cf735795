#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::chaos {

/// What happens to the packets that the rules meet. relay: new connections go by way of the
/// helper itself, which passes their bytes on late.
enum class NetEffect : std::uint8_t { drop, loss, rate, delay, relay };
/// Which traffic is slowed down: all of it, or that of the target's SQL clients.
enum class NetPath : std::uint8_t { all, sql };
/// As seen from the target: what it receives, what it sends, or both.
enum class NetDirection : std::uint8_t { both, in, out };

/// A network fault as it is laid into the network namespace of one target. Only TCP
/// and UDP from or to one of `ports` is met, in both directions of a connection, and
/// never what goes over the loopback device.
struct NetRules {
  NetEffect effect = NetEffect::drop;
  NetDirection direction = NetDirection::both;
  std::vector<std::string> peers;   ///< IP addresses; empty: everybody who is not exempt.
  bool nobody = false;              ///< None of its peers has an address now: no rule at all.
  std::vector<std::string> exempt;  ///< IP addresses; only where `peers` is empty.
  /// IP addresses to which a connection is tried, so that a packet meets the rules. relay:
  /// the target's own, by which the helper is its own client.
  std::vector<std::string> witnesses;
  std::vector<std::int64_t> ports;
  std::int64_t percent = 0;    ///< loss: of the packets, 1 to 100.
  std::int64_t rate_kbit = 0;  ///< rate: 1000 bits a second.
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds jitter{0};
  bool operator==(const NetRules&) const = default;
};

/// The rules as arguments of faultline-nethold, and back. What is not an address, a
/// port or a number in its range is refused: these words end up in the kernel's rules.
[[nodiscard]] std::vector<std::string> to_arguments(const NetRules& rules);
[[nodiscard]] Result<NetRules> read_arguments(const std::vector<std::string>& arguments);
/// The same as one word without blanks, and back.
[[nodiscard]] std::string to_word(const NetRules& rules);
[[nodiscard]] Result<NetRules> read_word(std::string_view word);
/// Equal, in whatever order they name addresses and ports.
[[nodiscard]] bool same_rules(const NetRules& a, const NetRules& b);

[[nodiscard]] bool is_ipv4(const std::string& text);
[[nodiscard]] bool is_ipv6(const std::string& text);

}  // namespace faultline::chaos
