#pragma once

#include <string>
#include <vector>

#include "common/cluster/snapshot.hpp"
#include "exporter/metrics/self_stats.hpp"

namespace faultline::metrics {

/// The text of GET /metrics (format 0.0.4), made anew from the picture, so that a node
/// that is gone takes its series with it. `snapshot` may be null: nothing observed yet.
/// Ages are as of `now`. `collect` names the collectors whose metrics are wanted; none: all.
/// Pure; any thread.
[[nodiscard]] std::string render_page(const ClusterSnapshot* snapshot, const SelfStats& self,
                                      WallTime now, const std::vector<std::string>& collect = {});

/// The text of GET /probe: one cluster's, and nothing about the exporter.
[[nodiscard]] std::string render_target(const ClusterSnapshot* snapshot,
                                        const observe::EventCounts& events, WallTime now,
                                        const std::vector<std::string>& collect = {});

/// The text of GET /metrics where no main cluster is watched.
[[nodiscard]] std::string render_exporter(const SelfStats& self);

/// docs/METRICS.md, from the catalogue.
[[nodiscard]] std::string render_documentation();

}  // namespace faultline::metrics
