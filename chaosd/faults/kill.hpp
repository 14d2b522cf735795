#pragma once

#include "chaosd/faults/down.hpp"

namespace faultline::chaos {

/// A crash: SIGKILL. Docker takes it for a manual stop, so no restart policy brings
/// the target back before we do.
class KillFault final : public DownFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::kill; }
  Status apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;
};

}  // namespace faultline::chaos
