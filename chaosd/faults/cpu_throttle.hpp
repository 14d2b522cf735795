#pragma once

#include "chaosd/faults/limits_fault.hpp"

namespace faultline::chaos {

/// Less CPU time, by the runtime's limits: percent of one CPU. Deterministic, where a
/// program that burns CPU beside the node would share with it as the scheduler likes.
class CpuThrottleFault final : public LimitsFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::cpu_throttle; }
  [[nodiscard]] FaultShape shape() const override;

 private:
  [[nodiscard]] Result<Limits> lowered(const Limits& before, LimitsControl& control,
                                       const FaultOrder& order, Deadline deadline) const override;
  [[nodiscard]] Status set(LimitsControl& control, const std::string& id, const Limits& limits,
                           Deadline deadline) const override;
  [[nodiscard]] bool same(const Limits& a, const Limits& b) const override;
};

}  // namespace faultline::chaos
