#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/cluster/event.hpp"
#include "common/cluster/snapshot.hpp"

namespace faultline::wire {

/// Snapshot and Event of schema/stream.schema.json. Pure; any thread.
[[nodiscard]] nlohmann::json to_json(const ClusterSnapshot& snapshot);
[[nodiscard]] nlohmann::json to_json(const NodeView& node);
[[nodiscard]] nlohmann::json to_json(const ClusterEvent& event);

}  // namespace faultline::wire
