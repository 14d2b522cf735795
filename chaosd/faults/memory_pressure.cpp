#include "chaosd/faults/memory_pressure.hpp"

namespace faultline::chaos {

namespace {

constexpr std::int64_t kMegabyte = 1024 * 1024;

/// Without limits the number is 0, or after a limit was lifted the largest there is.
std::int64_t bounded(const Limits& limits) {
  constexpr std::int64_t kBoundless = std::int64_t{1} << 62;
  return limits.memory < kBoundless ? limits.memory : 0;
}

}  // namespace

FaultShape MemoryPressureFault::shape() const {
  return {.numbers = {{"headroom_mb", 8, 1'000'000}}};
}

Result<Limits> MemoryPressureFault::lowered(const Limits& before, LimitsControl& control,
                                            const FaultOrder& order, Deadline deadline) const {
  const auto used = control.memory_used(order.target_id, deadline);
  if (!used) return used.error();
  Limits ours = before;
  ours.memory = *used + order.params.number("headroom_mb") * kMegabyte;
  ours.memory_swap = ours.memory;  // Without swap, or the pressure would be a slow disk.
  if (const auto now = bounded(before); now > 0 && ours.memory >= now) {
    return Error{ErrorCode::conflict, "its limit is " + std::to_string(now / kMegabyte) +
                                          " MB and it uses " + std::to_string(*used / kMegabyte) +
                                          " MB; give less headroom_mb"};
  }
  const auto machine = control.machine_of(order.target_id, deadline);
  if (!machine) return machine.error();
  if (machine->memory > 0 && ours.memory >= machine->memory) {
    return Error{ErrorCode::conflict,
                 "its machine has " + std::to_string(machine->memory / kMegabyte) +
                     " MB and it uses " + std::to_string(*used / kMegabyte) +
                     " MB, so that nothing would change; give less headroom_mb"};
  }
  return ours;
}

Status MemoryPressureFault::set(LimitsControl& control, const std::string& id, const Limits& limits,
                                Deadline deadline) const {
  return control.set_memory(id, limits, deadline);
}

bool MemoryPressureFault::same(const Limits& a, const Limits& b) const {
  return bounded(a) == bounded(b);
}

}  // namespace faultline::chaos
