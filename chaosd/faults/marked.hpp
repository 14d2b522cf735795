#pragma once

#include "chaosd/faults/fault.hpp"

namespace faultline::chaos {

/// What network and resource faults share: the target runs on, and what we laid down
/// beside it is taken away whatever became of it.
class MarkedFault : public Fault {
 public:
  [[nodiscard]] bool leaves_marks() const final { return true; }
  [[nodiscard]] bool in_effect(const TargetInfo& target) const final {
    return target.state == ContainerState::running;
  }
  [[nodiscard]] UndoPlan plan_undo(const TargetInfo& /*target*/,
                                   const std::string& /*touched*/) const final {
    return {UndoPlan::Action::act, ""};
  }
};

}  // namespace faultline::chaos
