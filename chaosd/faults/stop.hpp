#pragma once

#include "chaosd/faults/down.hpp"

namespace faultline::chaos {

/// A clean shutdown: SIGTERM, on which CockroachDB drains, then SIGKILL after the grace.
class StopFault final : public DownFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::stop; }
  [[nodiscard]] bool takes_grace() const override { return true; }
  Status apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;
};

}  // namespace faultline::chaos
