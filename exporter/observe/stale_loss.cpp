#include "exporter/observe/stale_loss.hpp"

namespace faultline::observe {

std::int64_t perhaps_lost(StaleLoss& memory, const VerdictInput& input,
                          const std::optional<poll::Reading<sources::PlacementPart>>& placement) {
  if (!input.quorum || !input.quorum->stores_known || !placement) return 0;
  if (input.quorum->without_quorum == 0) {
    memory = {placement->part, std::nullopt};
    return 0;
  }
  const bool all_small = input.quorum->lost_when_small == input.quorum->without_quorum;
  const bool most_up = input.up * 2 > input.expected;
  if (!all_small || !most_up || memory.whole != placement->part) return 0;
  if (!memory.since) memory.since = input.now;
  return input.now - *memory.since < kHold ? input.quorum->without_quorum : 0;
}

}  // namespace faultline::observe
