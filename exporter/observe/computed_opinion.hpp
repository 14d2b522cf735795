#pragma once

#include "exporter/observe/assemble.hpp"

namespace faultline::observe {

/// The descriptors against who is up. Decides whether the quorum is in doubt, and which count is
/// told meanwhile; writes that into `input`, of which the counts of nodes are filled. Pure but
/// for `memory`.
void weigh_quorum(VerdictInput& input, const Readings& readings, Memory& memory,
                  const StoreOwners& owners, const std::vector<NodeView>& nodes);

/// The computed opinion; drops `quorum` when the descriptors cannot be used. After `weigh_quorum`.
[[nodiscard]] Opinion computed_opinion(VerdictInput& input, const Readings& readings,
                                       const Memory& memory);

}  // namespace faultline::observe
