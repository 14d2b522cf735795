#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/cluster/impact.hpp"

namespace faultline::wire {

/// As schema/impact.schema.json. Pure; any thread.
[[nodiscard]] nlohmann::json to_json(const Impact& impact);

}  // namespace faultline::wire
