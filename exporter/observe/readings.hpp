#pragma once

#include <optional>

#include "common/cluster/fault.hpp"
#include "common/poll/source.hpp"
#include "exporter/sources/cluster_log.hpp"
#include "exporter/sources/gossip.hpp"
#include "exporter/sources/kv_status.hpp"
#include "exporter/sources/node_metrics.hpp"
#include "exporter/sources/placement_by_size.hpp"
#include "exporter/sources/probe.hpp"
#include "exporter/sources/process.hpp"

namespace faultline::observe {

/// What the sources said last. An empty optional is a source that is switched off.
struct Readings {
  std::optional<poll::Reading<sources::ProcessPart>> process;
  std::optional<poll::Reading<sources::MetricsPart>> metrics;
  std::optional<poll::Reading<sources::GossipView>> gossip;
  std::optional<poll::Reading<sources::GossipView>> second_gossip;  ///< Of another node.
  std::optional<poll::Reading<sources::PlacementPart>> placement;
  std::optional<poll::Reading<ChaosView>> containers;
  std::optional<poll::Reading<sources::ClusterLogPart>> cluster_log;
  std::optional<poll::Reading<sources::KvStatusPart>> kv_status;
  std::optional<poll::Reading<sources::ProbePart>> probe = std::nullopt;
};

// How old a part may be and still be told as present. Placement is kept past its limit through
// an outage, where it is all there is: see old_descriptors.hpp.
inline constexpr milliseconds kProcessAgeMax{5'000};
inline constexpr milliseconds kMetricsAgeMax{30'000};
inline constexpr milliseconds kGossipAgeMax{10'000};
inline constexpr milliseconds kContainersAgeMax{6'000};  ///< The long poll and 3.5 s.
inline constexpr milliseconds kProbeAgeMax{10'000};      ///< A round with three deadlines fits.
inline constexpr milliseconds kClusterLogAgeMax{60'000};
inline constexpr milliseconds kKvStatusAgeMax{90'000};
inline constexpr milliseconds kPlacementAgeMax{300'000};  ///< Then it is called stale.

/// The same for a cluster so big that its descriptors are read every ten minutes only.
[[nodiscard]] inline milliseconds placement_age_max(const Readings& readings) {
  const bool many = readings.placement && readings.placement->part &&
                    readings.placement->part->ranges >= sources::PlacementBySize::kManyRanges;
  return many ? 2 * sources::PlacementBySize::kPauseOfMany : kPlacementAgeMax;
}

/// The part, if there is one that is young enough.
template <class Part>
[[nodiscard]] const Part* fresh(const std::optional<poll::Reading<Part>>& reading, WallTime now,
                                milliseconds age_max) {
  if (!reading || !reading->part || !reading->health.read_at) return nullptr;
  return now - *reading->health.read_at <= age_max ? reading->part.get() : nullptr;
}

}  // namespace faultline::observe
