#pragma once

#include <vector>

#include "chaosd/service/ledger.hpp"

namespace faultline::chaos {

/// How long after the order its effect may still come: a drain that was begun ends
/// in an exit, even when nobody waits for it any more.
[[nodiscard]] milliseconds late_effect_limit(const FaultRecord& record);

/// What becomes of the faults that an earlier run left in its journal. Pure. Ended
/// ones stay as history; the rest is undone at once or at its deadline.
[[nodiscard]] std::vector<Recovered> reconcile(std::vector<FaultRecord> records, const Now& now);

/// The same for a fault that only its mark tells of: it is undone at once. Pure.
[[nodiscard]] Recovered reconcile(const Mark& mark, const Now& now);

}  // namespace faultline::chaos
