#pragma once

#include "chaosd/faults/fault.hpp"

namespace faultline::chaos {

/// A frozen node: its connections stay open and nobody answers. Over some 20 s
/// CockroachDB's own disk-stall watch may end the process when it wakes.
class PauseFault final : public Fault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::pause; }
  [[nodiscard]] bool needs_mark() const override { return true; }
  Status apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;
  [[nodiscard]] bool in_effect(const TargetInfo& target) const override;
  [[nodiscard]] UndoPlan plan_undo(const TargetInfo& target,
                                   const std::string& touched) const override;
  Status undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;
};

}  // namespace faultline::chaos
