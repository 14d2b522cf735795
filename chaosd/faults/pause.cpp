#include "chaosd/faults/pause.hpp"

namespace faultline::chaos {

Status PauseFault::apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  return runtime.pause(order.target_id, deadline);
}

bool PauseFault::in_effect(const TargetInfo& target) const {
  return target.state == ContainerState::paused;
}

UndoPlan PauseFault::plan_undo(const TargetInfo& target, const std::string& touched) const {
  using Action = UndoPlan::Action;
  switch (target.state) {
    case ContainerState::paused:
      if (touched.empty() || touched == target.instance) return {Action::act, ""};
      return {Action::nothing,
              target.name + " was restarted and paused by another hand; left as it is"};
    // Any signal thaws a frozen container, so this is common; to unpause it again
    // would be an error of the Engine (500).
    case ContainerState::running: return {Action::nothing, target.name + " runs already"};
    case ContainerState::restarting:
      return {Action::nothing, target.name + " is being restarted by its runtime"};
    case ContainerState::created:
    case ContainerState::exited:
      return {Action::nothing, target.name + " went down by another hand; left as it is"};
    case ContainerState::removed: return {Action::nothing, target.name + " no longer exists"};
    case ContainerState::unknown:
      return {Action::wait, "the state of " + target.name + " is not known"};
  }
  FAULTLINE_ENSURE(false, "every container state has a plan");
}

Status PauseFault::undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  return runtime.unpause(order.target_id, deadline);
}

}  // namespace faultline::chaos
