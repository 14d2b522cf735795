#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "chaosd/service/schedule.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// The `schedule` of a body; `path` is its JSON pointer. Pure.
[[nodiscard]] Result<Schedule> read_schedule(const nlohmann::json& object, const std::string& path);

}  // namespace faultline::chaos
