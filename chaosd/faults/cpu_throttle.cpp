#include "chaosd/faults/cpu_throttle.hpp"

#include <algorithm>

namespace faultline::chaos {

namespace {

constexpr std::int64_t kLeastQuota = 1000;  // The kernel's own, in microseconds.
constexpr std::int64_t kNanoPerPercent = 10'000'000;

std::int64_t period(const Limits& limits) {
  constexpr std::int64_t kKernelDefault = 100'000;
  return limits.cpu_period_us > 0 ? limits.cpu_period_us : kKernelDefault;
}

std::int64_t quota(const Limits& limits) { return std::max<std::int64_t>(limits.cpu_quota_us, 0); }

/// Of one CPU; 0: no limit.
std::int64_t percent_of(const Limits& limits) {
  if (limits.nano_cpus > 0) return limits.nano_cpus / kNanoPerPercent;
  return quota(limits) * 100 / period(limits);
}

}  // namespace

FaultShape CpuThrottleFault::shape() const { return {.numbers = {{"percent", 1, 100'000}}}; }

Result<Limits> CpuThrottleFault::lowered(const Limits& before, LimitsControl& control,
                                         const FaultOrder& order, Deadline deadline) const {
  const auto percent = order.params.number("percent");
  if (const auto now = percent_of(before); now > 0 && percent >= now) {
    return Error{ErrorCode::conflict, "its limit is " + std::to_string(now) +
                                          " percent of a CPU already; give less percent"};
  }
  const auto machine = control.machine_of(order.target_id, deadline);
  if (!machine) return machine.error();
  if (const auto most = machine->cpus * 100; most > 0 && percent >= most) {
    return Error{ErrorCode::conflict, "its machine has " + std::to_string(machine->cpus) +
                                          " CPUs, so that nothing would change; give percent less "
                                          "than " +
                                          std::to_string(most)};
  }
  // In the way in which the limit is written down already: the Engine refuses to mix
  // them, and a period that was never set would stay for ever.
  Limits ours = before;
  if (before.nano_cpus > 0) {
    ours.nano_cpus = percent * kNanoPerPercent;
  } else {
    ours.cpu_quota_us = std::max(kLeastQuota, period(before) * percent / 100);
  }
  return ours;
}

Status CpuThrottleFault::set(LimitsControl& control, const std::string& id, const Limits& limits,
                             Deadline deadline) const {
  return control.set_cpu(id, limits, deadline);
}

bool CpuThrottleFault::same(const Limits& a, const Limits& b) const {
  if (a.nano_cpus != b.nano_cpus || quota(a) != quota(b)) return false;
  return quota(a) == 0 || period(a) == period(b);
}

}  // namespace faultline::chaos
