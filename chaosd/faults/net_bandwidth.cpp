#include "chaosd/faults/net_bandwidth.hpp"

namespace faultline::chaos {

FaultShape NetBandwidthFault::shape() const {
  return {.peers = FaultShape::Peers::optional,
          .directions = {NetDirection::out},
          .numbers = {{"rate_kbit", 8, 10'000'000}},
          .takes_on_restart = true};
}

void NetBandwidthFault::fill(NetRules& rules, const FaultParams& params) const {
  rules.effect = NetEffect::rate;
  rules.rate_kbit = params.number("rate_kbit");
}

}  // namespace faultline::chaos
