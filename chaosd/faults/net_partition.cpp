#include "chaosd/faults/net_partition.hpp"

namespace faultline::chaos {

FaultShape NetPartitionFault::shape() const {
  return {.peers = FaultShape::Peers::required,
          .directions = {NetDirection::both, NetDirection::in, NetDirection::out},
          .takes_on_restart = true};
}

void NetPartitionFault::fill(NetRules& rules, const FaultParams& /*params*/) const {
  rules.effect = NetEffect::drop;
}

}  // namespace faultline::chaos
