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

/// Those of one cluster, without the exporter.
[[nodiscard]] std::vector<prometheus::MetricFamily> target_families(
    const ClusterSnapshot* snapshot, const observe::EventCounts& events, WallTime now);
/// Those of the exporter, without a cluster.
[[nodiscard]] std::vector<prometheus::MetricFamily> exporter_families(const SelfStats& self);

}  // namespace faultline::metrics
