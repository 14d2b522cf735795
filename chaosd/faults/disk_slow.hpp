#pragma once

#include "chaosd/faults/disk_throttle.hpp"

namespace faultline::chaos {

/// The disk of the target's store is slow: at most so many bytes or operations a second.
class DiskSlowFault final : public DiskThrottleFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::disk_slow; }
  [[nodiscard]] FaultShape shape() const override;

 private:
  [[nodiscard]] IoLimits asked(const FaultParams& params) const override;
};

}  // namespace faultline::chaos
