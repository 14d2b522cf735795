#include "chaosd/faults/net_loss.hpp"

namespace faultline::chaos {

FaultShape NetLossFault::shape() const {
  return {.peers = FaultShape::Peers::optional,
          .directions = {NetDirection::in, NetDirection::out, NetDirection::both},
          .numbers = {{"percent", 1, 100}},
          .takes_on_restart = true};
}

void NetLossFault::fill(NetRules& rules, const FaultParams& params) const {
  rules.effect = NetEffect::loss;
  rules.percent = params.number("percent");
}

}  // namespace faultline::chaos
