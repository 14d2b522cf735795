#pragma once

#include <memory>
#include <optional>

#include "exporter/observe/readings.hpp"
#include "exporter/observe/verdict.hpp"

namespace faultline::observe {

/// Descriptors are up to a minute old. A range that was read with one replica, for it had just
/// been created, may have three by now: when the node of that one goes, it is too early to call
/// the range lost. What is kept of it from one picture to the next.
struct StaleLoss {
  std::shared_ptr<const sources::PlacementPart> whole;  ///< The last by which nothing was lost.
  std::optional<WallTime> since;                        ///< Since when there is a loss.
};

/// How many ranges are lost by descriptors alone that were whole when they were read, each with
/// fewer voters than a range has that is done with being created: for `kHold`, while most nodes
/// may be up (`standing` of them), and until the descriptors have been read once more. Else 0, and
/// then until that loss is over. Keeps `memory` up.
[[nodiscard]] std::int64_t perhaps_lost(
    StaleLoss& memory, const VerdictInput& input,
    const std::optional<poll::Reading<sources::PlacementPart>>& placement, std::int64_t standing);

}  // namespace faultline::observe
