#pragma once

#include <nlohmann/json_fwd.hpp>

#include "chaosd/http/request.hpp"
#include "chaosd/service/guard.hpp"

namespace faultline::chaos {

/// As in schema/chaos-api.yaml, "Plan".
[[nodiscard]] nlohmann::json to_json(const Plan& plan, GuardMode mode);
/// The plan that is kept with a fault, "PlanNote"; null when it was injected without one.
[[nodiscard]] nlohmann::json to_json(const std::optional<PlanNote>& plan);

/// As in schema/chaos-api.yaml, "FaultRecord": the fault, what was foretold, what came of it.
[[nodiscard]] nlohmann::json to_json(const FaultRecord& record, WallTime now);

/// 409 with the plan in it, and what would do. `given` is the hash that did not fit.
[[nodiscard]] Reply not_accepted_reply(const Plan& plan, GuardMode mode,
                                       const std::optional<std::string>& given);

}  // namespace faultline::chaos
