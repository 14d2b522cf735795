#pragma once

#include <vector>

#include "common/cluster/event.hpp"
#include "common/cluster/snapshot.hpp"
#include "exporter/sources/cluster_log.hpp"

namespace faultline::observe {

/// What the cluster wrote about itself after `last_serial`, as events for people: lines of
/// one read that say the same of several ranges are one event, at the time of the last of
/// them. `snapshot` has the faults that explain them. Ids are 0. Pure.
[[nodiscard]] std::vector<ClusterEvent> log_events(const sources::ClusterLogPart& log,
                                                   std::int64_t last_serial,
                                                   const ClusterSnapshot& snapshot);

}  // namespace faultline::observe
