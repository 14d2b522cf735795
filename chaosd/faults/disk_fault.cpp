#include "chaosd/faults/disk_fault.hpp"

namespace faultline::chaos {

namespace {

/// Ended by itself and with an error. 0 is how it ends when it is told to, 128 and more
/// is a signal, which is another hand.
bool gave_up(const TargetInfo& target) {
  const auto code = target.exit_code.value_or(0);
  return target.state == ContainerState::exited && code > 0 && code < 128;
}

}  // namespace

Status DiskFault::undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  if (runtime.holds() == nullptr) return kDone;  // Then nothing was ever laid down.
  if (auto released = HeldFault::undo(runtime, order, deadline); !released) return released;
  const auto target = runtime.inspect(order.target_id, deadline);
  if (!target) return target.error().code == ErrorCode::not_found ? Status{kDone} : target.error();
  return gave_up(*target) ? runtime.start(order.target_id, deadline) : Status{kDone};
}

}  // namespace faultline::chaos
