#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/cluster/node.hpp"

namespace faultline::sim::cluster {

inline constexpr const char* kBuildTag = "v22.1.0-alpha.20220214";
inline constexpr const char* kServerVersion = "21.2-62";
/// What version() says: the look of the recorded one, and that it is none.
inline constexpr const char* kVersionText =
    "CockroachDB CCL v22.1.0-alpha.20220214-crdbsim (simulated by Faultline, linux amd64, built , "
    "go1.19.8)";

/// A metric's value now. Most are what the last 10 s tick found; liveness, counters and
/// connections are computed as they are asked for, as recorded.
[[nodiscard]] double metric_value(const Node& node, const std::string& name);

}  // namespace faultline::sim::cluster
