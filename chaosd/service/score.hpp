#pragma once

#include <string>

#include "chaosd/service/fault_record.hpp"

namespace faultline::chaos {

/// The outcome of a fault held against its plan's forecast, in words that begin with
/// "as foretold", "better", "worse" or "unknown"; empty before it was in effect. It is judged
/// by the ranges without quorum: the other counts lag behind, and may be of an earlier
/// cause. Not having looked is unknown, unless what was seen is worse already. Pure.
[[nodiscard]] std::string score(const FaultRecord& record, WallTime now);

/// So long the exporter may have told nothing, of the time of a fault.
inline constexpr milliseconds kUnwatchedMost{5'000};

/// How much of a fault's time nobody watched.
[[nodiscard]] milliseconds unwatched(const FaultRecord& record, WallTime now);

}  // namespace faultline::chaos
