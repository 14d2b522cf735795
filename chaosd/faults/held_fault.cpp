#include "chaosd/faults/held_fault.hpp"

namespace faultline::chaos {

Result<Holds*> HeldFault::holds_of(Runtime& runtime) const {
  if (Holds* const holds = runtime.holds()) return holds;
  return Error{ErrorCode::unsupported, std::string{to_string(kind())} +
                                           " needs containers: local processes share this "
                                           "machine's " +
                                           std::string{shared_by_processes()}};
}

Result<HoldReport> HeldFault::renew(Runtime& runtime, const FaultOrder& order,
                                    Deadline deadline) const {
  const auto holds = holds_of(runtime);
  if (!holds) return holds.error();
  return (*holds)->renew(order.fault, deadline);
}

Status HeldFault::apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  const auto holds = holds_of(runtime);
  if (!holds) return holds.error();
  auto laid = what(runtime, order, deadline);
  if (!laid) return laid.error();
  const auto held = (*holds)->hold(
      {order.fault, order.target_id, std::move(laid).value(), order.time_left, kLease}, deadline);
  if (!held) return held.error();
  return kDone;
}

Result<Proof> HeldFault::prove(Runtime& runtime, const FaultOrder& order,
                               const TargetInfo& /*target*/, Deadline deadline) const {
  const auto report = renew(runtime, order, deadline);
  if (!report) return report.error();
  return proof_in(*report);
}

Result<std::string> HeldFault::keep(Runtime& runtime, const FaultOrder& order,
                                    Deadline deadline) const {
  const auto report = renew(runtime, order, deadline);
  if (!report) return report.error();
  if (order.left_behind) return std::string{};
  return follow(runtime, order, *report, deadline);
}

Status HeldFault::undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  Holds* const holds = runtime.holds();
  if (holds == nullptr) return kDone;  // Then nothing was ever laid down.
  return holds->release({order.fault, order.target_id, place(), order.saved}, deadline);
}

}  // namespace faultline::chaos
