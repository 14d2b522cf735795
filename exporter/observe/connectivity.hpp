#pragma once

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/readings.hpp"

namespace faultline::observe {

/// A cut is told in words after this long: connections are made anew after a restart, and
/// a dead node's are missed before it is known to be dead.
inline constexpr milliseconds kCutHold{10'000};

/// The rows of `snapshot.nodes` and `snapshot.connectivity`; needs process and liveness of
/// the nodes. `before` may be null. Pure.
void fill_connectivity(ClusterSnapshot& snapshot, const Readings& readings,
                       const ClusterSnapshot* before);

}  // namespace faultline::observe
