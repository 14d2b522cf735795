#pragma once

#include <string>

#include "common/cluster/snapshot.hpp"

namespace faultline::stream {

/// GET /sd: the nodes' own metrics pages as targets for Prometheus' http_sd_configs. A node
/// whose HTTP address is unknown is left out, one that is decommissioned as well. Pure.
[[nodiscard]] std::string service_discovery(const ClusterSnapshot& snapshot);

}  // namespace faultline::stream
