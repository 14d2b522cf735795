#include "chaosd/faults/disk_fill.hpp"

namespace faultline::chaos {

namespace {

constexpr std::int64_t kMostMb = 1024 * 1024 * 1024;

/// Ended by itself and with an error. 0 is how it ends when it is told to, 128 and more
/// is a signal, which is another hand.
bool gave_up(const TargetInfo& target) {
  const auto code = target.exit_code.value_or(0);
  return target.state == ContainerState::exited && code > 0 && code < 128;
}

}  // namespace

FaultShape DiskFillFault::shape() const { return {.numbers = {{"leave_mb", 0, kMostMb}}}; }

Result<HoldWhat> DiskFillFault::what(Runtime& /*runtime*/, const FaultOrder& order,
                                     Deadline /*deadline*/) const {
  return HoldWhat{DiskFill{order.params.number("leave_mb")}};
}

Proof DiskFillFault::proof_in(const HoldReport& report) const {
  return {report.met > 0, "no room was taken on its volume"};
}

Status DiskFillFault::undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  if (runtime.holds() == nullptr) return kDone;  // Then nothing was ever laid down.
  if (auto released = HeldFault::undo(runtime, order, deadline); !released) return released;
  const auto target = runtime.inspect(order.target_id, deadline);
  if (!target) return target.error().code == ErrorCode::not_found ? Status{kDone} : target.error();
  return gave_up(*target) ? runtime.start(order.target_id, deadline) : Status{kDone};
}

}  // namespace faultline::chaos
