#pragma once

#include <string>

#include "chaosd/faults/fault.hpp"

namespace faultline::chaos {

/// What stop, kill and restart share: the target is down, and undoing is to start it.
class DownFault : public Fault {
 public:
  [[nodiscard]] bool needs_mark() const final { return true; }
  [[nodiscard]] Status suits(const TargetInfo& target) const final {
    return outlives_its_run(target, kind());
  }
  [[nodiscard]] bool in_effect(const TargetInfo& target) const final;
  [[nodiscard]] UndoPlan plan_undo(const TargetInfo& target,
                                   const std::string& touched) const final;
  Status undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const final;
};

}  // namespace faultline::chaos
