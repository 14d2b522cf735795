#pragma once

#include <string_view>

#include "chaosd/service/experiment.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// The body of POST /experiments. What is missing, mistyped or out of range is refused with its
/// pointer; an unknown field too, outside of the faults: a misspelt "schedule" would begin at
/// once, a misspelt "abort" would watch nothing. Whether the faults make sense, the guard's plan
/// says. Pure.
[[nodiscard]] Result<ExperimentSpec> read_experiment(std::string_view body);

}  // namespace faultline::chaos
