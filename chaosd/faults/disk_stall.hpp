#pragma once

#include "chaosd/faults/disk_throttle.hpp"

namespace faultline::chaos {

/// The disk of the target's store does not answer: as near to nothing as the kernel allows.
class DiskStallFault final : public DiskThrottleFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::disk_stall; }
  [[nodiscard]] FaultShape shape() const override;

 private:
  [[nodiscard]] IoLimits asked(const FaultParams& params) const override;
};

}  // namespace faultline::chaos
