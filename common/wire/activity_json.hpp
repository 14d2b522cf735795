#pragma once

#include <map>
#include <string_view>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace faultline::wire {

/// Round trips to the peers in milliseconds, out of kv_node_status.activity:
/// {"<node id>": {"latency": nanoseconds, …}}. A peer without a latency, or with 0 (not
/// measured), is left out. Fails with `malformed` or `invalid`. Pure.
[[nodiscard]] Result<std::map<NodeId, double>> read_peer_latencies(std::string_view text);

}  // namespace faultline::wire
