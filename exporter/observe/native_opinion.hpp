#pragma once

#include <optional>
#include <vector>

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/verdict.hpp"

namespace faultline::observe {

/// What the nodes' own gauges say of ranges without quorum (`ranges_unavailable` of
/// `/_status/vars`), valid only while a zero of theirs would mean one. Pure.
[[nodiscard]] Opinion native_opinion(const std::vector<NodeView>& nodes,
                                     const VerdictInput& counted_nodes);

/// Gauges that see more than the descriptors may be left over from the moment when
/// the survivors did not trust each other: they stand for one metrics tick of 10 s.
/// Those that see less have not ticked yet, or cannot: a range without any live replica
/// is counted by nobody.
/// `more_since`: since when they have seen more, remembered from one look to the next.
void weigh_gauges(VerdictInput& input, std::optional<WallTime>& more_since,
                  const ClusterSnapshot* before);

}  // namespace faultline::observe
