#include "chaosd/faults/disk_fill.hpp"

namespace faultline::chaos {

namespace {

constexpr std::int64_t kMostMb = 1024 * 1024 * 1024;

Result<Holds*> holds_of(Runtime& runtime) {
  if (Holds* const holds = runtime.holds()) return holds;
  return Error{ErrorCode::unsupported,
               "disk.fill needs containers: local processes share this machine's disk"};
}

/// Ended by itself and with an error. 0 is how it ends when it is told to, 128 and more
/// is a signal, which is another hand.
bool gave_up(const TargetInfo& target) {
  const auto code = target.exit_code.value_or(0);
  return target.state == ContainerState::exited && code > 0 && code < 128;
}

}  // namespace

FaultShape DiskFillFault::shape() const { return {.numbers = {{"leave_mb", 0, kMostMb}}}; }

Status DiskFillFault::apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  const auto holds = holds_of(runtime);
  if (!holds) return holds.error();
  const auto held =
      (*holds)->hold({order.fault, order.target_id, DiskFill{order.params.number("leave_mb")},
                      order.time_left, kLease},
                     deadline);
  if (!held) return held.error();
  return kDone;
}

Result<Proof> DiskFillFault::prove(Runtime& runtime, const FaultOrder& order,
                                   const TargetInfo& /*target*/, Deadline deadline) const {
  const auto holds = holds_of(runtime);
  if (!holds) return holds.error();
  const auto report = (*holds)->renew(order.fault, deadline);
  if (!report) return report.error();
  return Proof{report->met > 0, "no room was taken on its volume"};
}

Status DiskFillFault::keep(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  const auto holds = holds_of(runtime);
  if (!holds) return holds.error();
  const auto report = (*holds)->renew(order.fault, deadline);
  if (!report) return report.error();
  return kDone;
}

Status DiskFillFault::undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  Holds* const holds = runtime.holds();
  if (holds == nullptr) return kDone;  // Then nothing was ever laid down.
  const auto released = holds->release({order.fault, order.target_id, HoldPlace::disk}, deadline);
  if (!released) return released;
  const auto target = runtime.inspect(order.target_id, deadline);
  if (!target) return target.error().code == ErrorCode::not_found ? Status{kDone} : target.error();
  return gave_up(*target) ? runtime.start(order.target_id, deadline) : Status{kDone};
}

}  // namespace faultline::chaos
