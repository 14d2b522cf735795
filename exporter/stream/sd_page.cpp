#include "exporter/stream/sd_page.hpp"

#include <nlohmann/json.hpp>

#include "common/wire/json_write.hpp"

namespace faultline::stream {

std::string service_discovery(const ClusterSnapshot& snapshot) {
  using nlohmann::json;
  json groups = json::array();
  for (const auto& node : snapshot.nodes) {
    if (!node.http_address || node.liveness.state == Liveness::decommissioned) continue;
    groups.push_back(
        {{"targets", json::array({*node.http_address})},
         {"labels",
          {{"__metrics_path__", "/_status/vars"},
           {"__meta_faultline_node_id", std::to_string(node.id.value)},
           {"__meta_faultline_address", node.address},
           {"__meta_faultline_locality", node.locality},
           {"__meta_faultline_version", node.version},
           {"__meta_faultline_cluster_id", snapshot.cluster.cluster_id.value_or("")}}}});
  }
  return wire::dump(groups);
}

}  // namespace faultline::stream
