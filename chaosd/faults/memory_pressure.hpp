#pragma once

#include "chaosd/faults/limits_fault.hpp"

namespace faultline::chaos {

/// Less memory, by the runtime's limits: what the target uses now and so many megabytes
/// more. Beyond that the kernel takes back what it can (page cache first), and then
/// kills: this fault may end the node, which is told as any other exit, and which is then
/// started when the fault is undone. One that another hand has ended, or begun anew, is not.
class MemoryPressureFault final : public LimitsFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::memory_pressure; }
  [[nodiscard]] FaultShape shape() const override;
  [[nodiscard]] bool may_end_the_run() const override { return true; }
  [[nodiscard]] Status suits(const TargetInfo& target) const override {
    return outlives_its_run(target, kind());
  }

 private:
  [[nodiscard]] Result<Limits> lowered(const Limits& before, LimitsControl& control,
                                       const FaultOrder& order, Deadline deadline) const override;
  [[nodiscard]] Status set(LimitsControl& control, const std::string& id, const Limits& limits,
                           Deadline deadline) const override;
  [[nodiscard]] bool same(const Limits& a, const Limits& b) const override;
};

}  // namespace faultline::chaos
