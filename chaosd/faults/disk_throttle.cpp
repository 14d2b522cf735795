#include "chaosd/faults/disk_throttle.hpp"

namespace faultline::chaos {

namespace {

constexpr milliseconds kLastBreath{2000};

/// Each that was asked for, where it is lower than what stands there.
IoLimits lowered(const IoLimits& before, const IoLimits& asked) {
  IoLimits ours = before;
  for (const auto which : kIoLimits) {
    const bool lower = before[which] == 0 || asked[which] < before[which];
    if (asked[which] > 0 && lower) ours[which] = asked[which];
  }
  return ours;
}

}  // namespace

milliseconds DiskThrottleFault::settles_for() const { return kLastBreath; }

Result<std::string> DiskThrottleFault::save(Runtime& runtime, const FaultOrder& order,
                                            Deadline deadline) const {
  const auto holds = holds_of(runtime);
  if (!holds) return holds.error();
  const auto now = (*holds)->look_at_disk(order.fault, order.target_id, deadline);
  if (!now) return now.error();
  const IoLimits ours = lowered(now->limits, asked(order.params));
  if (ours == now->limits) {
    return Error{ErrorCode::conflict,
                 "its container is limited to no more on that disk already; give less"};
  }
  return to_text(DiskThrottle{now->device, now->limits, ours});
}

Result<HoldWhat> DiskThrottleFault::what(Runtime& /*runtime*/, const FaultOrder& order,
                                         Deadline /*deadline*/) const {
  auto throttle = read_throttle(order.saved);
  if (!throttle) return throttle.error();
  return HoldWhat{std::move(throttle).value()};
}

Proof DiskThrottleFault::proof_in(const HoldReport& report) const {
  return {report.met > 0,
          "a process in its cgroup was not held back: the disk is hardly faster than that by "
          "itself, or this machine does not apply such limits there"};
}

}  // namespace faultline::chaos
