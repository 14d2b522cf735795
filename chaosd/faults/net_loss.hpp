#pragma once

#include "chaosd/faults/net_fault.hpp"

namespace faultline::chaos {

/// A share of the packets is lost. Of those that the target receives, by default: what is
/// dropped where it is sent, the sender's own TCP would notice.
class NetLossFault final : public NetFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::net_loss; }
  [[nodiscard]] FaultShape shape() const override;

 private:
  void fill(NetRules& rules, const FaultParams& params) const override;
};

}  // namespace faultline::chaos
