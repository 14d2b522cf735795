#include "chaosd/faults/net_latency.hpp"

namespace faultline::chaos {

FaultShape NetLatencyFault::shape() const {
  return {.peers = FaultShape::Peers::optional,
          .directions = {NetDirection::out},
          .numbers = {{"latency_ms", 1, 60'000}, {"jitter_ms", 0, 60'000, false}},
          .takes_on_restart = true};
}

void NetLatencyFault::fill(NetRules& rules, const FaultParams& params) const {
  rules.effect = NetEffect::delay;
  rules.delay = milliseconds{params.number("latency_ms")};
  rules.jitter = milliseconds{params.number("jitter_ms")};
}

}  // namespace faultline::chaos
