#include "exporter/observe/old_descriptors.hpp"

namespace faultline::observe {

OldDescriptors take_note(OldDescriptors before, const Readings& readings) {
  if (!readings.placement || !readings.placement->part) return {};
  const auto& [part, health, reads] = *readings.placement;
  if (before.part == part) return before;
  const milliseconds took{static_cast<std::int64_t>(health.took_ms.value_or(0)) + 1};
  return {part, health.read_at ? *health.read_at - took : WallTime::min(), false};
}

OldDescriptors grow_old(OldDescriptors before, const Readings& readings, bool outage,
                        WallTime now) {
  const bool young = fresh(readings.placement, now, placement_age_max(readings)) != nullptr;
  if (before.part != nullptr && !young && !outage) before.outlived = true;
  return before;
}

std::string why_outlived(const Readings& readings) {
  const auto limit = placement_age_max(readings).count() / 1000;
  std::string why = "the range descriptors are older than " + std::to_string(limit) +
                    " s, and ranges may have moved since";
  if (readings.placement && !readings.placement->health.error.empty()) {
    why += "; they are not read anew: " + readings.placement->health.error;
  }
  return why;
}

}  // namespace faultline::observe
