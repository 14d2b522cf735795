#pragma once

#include "chaosd/faults/net_fault.hpp"

namespace faultline::chaos {

/// What the target sends passes a narrow pipe with a short queue. Only what it sends: what
/// it receives would have to be slowed down at all the senders.
class NetBandwidthFault final : public NetFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::net_bandwidth; }
  [[nodiscard]] FaultShape shape() const override;

 private:
  void fill(NetRules& rules, const FaultParams& params) const override;
};

}  // namespace faultline::chaos
