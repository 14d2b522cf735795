#include "chaosd/faults/net_isolate.hpp"

namespace faultline::chaos {

FaultShape NetIsolateFault::shape() const {
  return {.directions = {NetDirection::both, NetDirection::in, NetDirection::out},
          .takes_on_restart = true};
}

void NetIsolateFault::fill(NetRules& rules, const FaultParams& /*params*/) const {
  rules.effect = NetEffect::drop;
}

}  // namespace faultline::chaos
