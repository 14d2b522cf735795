#include "chaosd/faults/down.hpp"

namespace faultline::chaos {

bool DownFault::in_effect(const TargetInfo& target) const {
  // Not `restarting`: then the runtime's own policy is undoing it this moment.
  return target.state == ContainerState::exited;
}

UndoPlan DownFault::plan_undo(const TargetInfo& target, const std::string& touched) const {
  using Action = UndoPlan::Action;
  switch (target.state) {
    case ContainerState::exited:
    case ContainerState::created:
      if (touched.empty() || touched == target.instance) return {Action::act, ""};
      return {Action::nothing,
              target.name + " was started and went down again by another hand; left as it is"};
    case ContainerState::running: return {Action::nothing, target.name + " runs already"};
    case ContainerState::paused:
      return {Action::nothing, target.name + " was started and paused by another hand"};
    case ContainerState::restarting:
      return {Action::nothing, target.name + " is being restarted by its runtime"};
    case ContainerState::removed: return {Action::nothing, target.name + " no longer exists"};
    case ContainerState::unknown:
      return {Action::wait, "the state of " + target.name + " is not known"};
  }
  FAULTLINE_ENSURE(false, "every container state has a plan");
}

Status DownFault::undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  return runtime.start(order.target_id, deadline);
}

}  // namespace faultline::chaos
