#pragma once

#include <string>

#include "chaosd/faults/fault_params.hpp"
#include "common/cluster/states.hpp"

namespace faultline::chaos {

/// A fault that is open, or asked for, on a target.
struct Overlapping {
  FaultKind kind;
  const FaultParams& params;
};

/// Why the two may not be open on one target at the same time, as a clause; empty: they
/// may, and can be undone in any order. One owner per (target, resource): the matrix is in
/// the .cpp. The order of the two makes no difference. Pure.
[[nodiscard]] std::string why_not_together(const Overlapping& a, const Overlapping& b);

}  // namespace faultline::chaos
