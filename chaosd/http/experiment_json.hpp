#pragma once

#include <nlohmann/json_fwd.hpp>

#include "chaosd/http/request.hpp"
#include "chaosd/service/experiment_service.hpp"

namespace faultline::chaos {

/// As in schema/chaos-api.yaml, "Experiment": without what was asked for and without records.
[[nodiscard]] nlohmann::json to_json(const Experiment& experiment);
/// "ExperimentRecord": all of it.
[[nodiscard]] nlohmann::json to_detailed_json(const Experiment& experiment);
/// 409 with the plan of each step, and what would do. `given` is the hash that did not fit.
[[nodiscard]] Reply plans_not_accepted_reply(const ExperimentAdmission& admission, GuardMode mode,
                                             const std::optional<std::string>& given);

}  // namespace faultline::chaos
