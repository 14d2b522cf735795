#pragma once

#include <vector>

#include "common/cluster/event.hpp"
#include "common/cluster/snapshot.hpp"

namespace faultline::observe {

/// What happened between two pictures, for people, each with the open fault that
/// explains it. Ids are 0: the publisher counts. Pure. `before` null: nothing happened
/// yet, the first picture is where the story begins.
[[nodiscard]] std::vector<ClusterEvent> diff(const ClusterSnapshot* before,
                                             const ClusterSnapshot& after);

/// Whether a reader would see a difference, ages and times of reading apart.
[[nodiscard]] bool differs(const ClusterSnapshot& before, const ClusterSnapshot& after);

}  // namespace faultline::observe
