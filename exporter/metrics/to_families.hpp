#pragma once

#include <vector>

#include <prometheus/metric_family.h>

#include "common/cluster/snapshot.hpp"
#include "exporter/metrics/self_stats.hpp"

namespace faultline::metrics {

/// Every family that has a value, in the catalogue's order, each once. Pure.
[[nodiscard]] std::vector<prometheus::MetricFamily> to_families(const ClusterSnapshot* snapshot,
                                                                const SelfStats& self,
                                                                WallTime now);

}  // namespace faultline::metrics
