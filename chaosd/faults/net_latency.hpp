#pragma once

#include "chaosd/faults/net_fault.hpp"

namespace faultline::chaos {

/// What the target sends comes later, by netem. So a round trip takes that much longer
/// once, whoever began it. Needs a kernel with sch_netem.
class NetLatencyFault final : public NetFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::net_latency; }
  [[nodiscard]] FaultShape shape() const override;

 private:
  void fill(NetRules& rules, const FaultParams& params) const override;
};

}  // namespace faultline::chaos
