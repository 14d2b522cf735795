#include "exporter/observe/old_descriptors.hpp"

namespace faultline::observe {

OldDescriptors grow_old(OldDescriptors before, const Readings& readings, bool outage,
                        WallTime now) {
  if (!readings.placement) return {};
  const auto& part = readings.placement->part;
  if (before.part != part) before = {part, false};
  const bool young = fresh(readings.placement, now, placement_age_max(readings)) != nullptr;
  if (part != nullptr && !young && !outage) before.outlived = true;
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
