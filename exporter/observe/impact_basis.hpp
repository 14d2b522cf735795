#pragma once

#include <map>
#include <vector>

#include "exporter/observe/impact.hpp"
#include "exporter/observe/readings.hpp"
#include "exporter/observe/verdict.hpp"

namespace faultline::observe {

/// What a forecast is computed from, so that it agrees with the headline that `input` makes:
/// while doubts are on hold, a node whose process answers counts as up in both. Pure.
[[nodiscard]] ImpactBasis basis_of(const Readings& readings, const StoreOwners& stores,
                                   const std::vector<NodeView>& nodes, const VerdictInput& input);

}  // namespace faultline::observe
