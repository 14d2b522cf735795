#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chaosd/runtime/net_rules.hpp"
#include "common/cluster/states.hpp"

namespace faultline::chaos {

/// degraded: it works, and something about it is not as it should be.
enum class Support : std::uint8_t { supported, degraded, unsupported };

/// What this machine can do of one kind of fault, tried rather than guessed.
struct FaultSupport {
  FaultKind kind;
  Support support = Support::supported;
  std::string reason;  ///< Empty when supported.
  /// Of net.latency, degraded: the paths that cannot be slowed down here, and why.
  std::map<NetPath, std::string> without = {};
  bool operator==(const FaultSupport&) const = default;
};

/// What several machines can do together, by the name of each: a kind is supported where all
/// support it, degraded where one cannot, or not well, and unsupported where none can; the
/// reason names those that differ. A kind that one does not speak of it can do. Pure.
[[nodiscard]] std::vector<FaultSupport> common_support(
    const std::map<std::string, std::vector<FaultSupport>>& by_host);

}  // namespace faultline::chaos
