#pragma once

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/readings.hpp"

namespace faultline::observe {

/// How each source is doing, as of `snapshot.at`, into `snapshot.sources`. Pure.
void add_sources(ClusterSnapshot& snapshot, const Readings& readings);

}  // namespace faultline::observe
