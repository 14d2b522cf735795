#include "exporter/observe/stale_loss.hpp"

namespace faultline::observe {

std::int64_t perhaps_lost(StaleLoss& memory, const VerdictInput& input,
                          const std::optional<poll::Reading<sources::PlacementPart>>& placement,
                          std::int64_t standing) {
  if (!input.quorum || !input.quorum->stores_known || !placement) return 0;
  if (input.quorum->without_quorum == 0) {
    memory = {placement->part, std::nullopt};
    return 0;
  }
  const bool all_small = input.quorum->lost_when_small == input.quorum->without_quorum;
  const bool most_stand = standing * 2 > input.expected;
  if (!memory.since) memory.since = input.now;
  if (all_small && most_stand && memory.whole == placement->part &&
      input.now - *memory.since < kHold) {
    return input.quorum->without_quorum;
  }
  memory.whole.reset();  // Told as lost from now on: that is not taken back.
  return 0;
}

}  // namespace faultline::observe
