#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/cluster/snapshot.hpp"
#include "exporter/stream/clusters.hpp"

namespace faultline::stream {

/// GET /sd: the nodes' own metrics pages as targets for Prometheus' http_sd_configs. A node
/// whose HTTP address is unknown is left out, one that is decommissioned as well. Those that
/// are `over_tls` (none, if empty) have the scheme https. Pure.
[[nodiscard]] std::string service_discovery(
    const ClusterSnapshot& snapshot,
    const std::function<bool(const std::string& address)>& over_tls = {});

/// GET /sd/targets: `path` of this exporter for each target, at the address by which it was
/// asked, so that Prometheus needs no relabelling. The label instance is the target's name.
[[nodiscard]] std::string target_discovery(const TargetMap& targets, std::string_view address,
                                           std::string_view path);

}  // namespace faultline::stream
