#pragma once

#include <string>
#include <string_view>

#include "chaosd/docker/holder_json.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// Where the cgroup with a container's limits of I/O is, on the Engine's machine: by the
/// driver and the version that GET /info tells, and by the parent that the container was
/// given. What an Engine has configured as the parent of all is not told by it; there the
/// answer is wrong, and nothing is at that place. Pure.
[[nodiscard]] Result<std::string> target_cgroup(std::string_view inspected, const EngineInfo& info);

}  // namespace faultline::chaos
