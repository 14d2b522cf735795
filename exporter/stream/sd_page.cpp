#include "exporter/stream/sd_page.hpp"

#include <nlohmann/json.hpp>

#include "common/wire/json_write.hpp"

namespace faultline::stream {

std::string service_discovery(const ClusterSnapshot& snapshot,
                              const std::function<bool(const std::string& address)>& over_tls) {
  using nlohmann::json;
  json groups = json::array();
  for (const auto& node : snapshot.nodes) {
    if (!node.http_address || node.liveness.state == Liveness::decommissioned) continue;
    const bool tls = over_tls && over_tls(*node.http_address);
    groups.push_back(
        {{"targets", json::array({*node.http_address})},
         {"labels",
          {{"__metrics_path__", "/_status/vars"},
           {"__scheme__", tls ? "https" : "http"},
           {"__meta_faultline_node_id", std::to_string(node.id.value)},
           {"__meta_faultline_address", node.address},
           {"__meta_faultline_locality", node.locality},
           {"__meta_faultline_version", node.version},
           {"__meta_faultline_cluster_id", snapshot.cluster.cluster_id.value_or("")}}}});
  }
  return wire::dump(groups);
}

std::string target_discovery(const TargetMap& targets, std::string_view address,
                             std::string_view path) {
  using nlohmann::json;
  json groups = json::array();
  for (const auto& [name, target] : targets) {
    groups.push_back({{"targets", json::array({address})},
                      {"labels",
                       {{"__metrics_path__", path},
                        {"__param_target", name},
                        {"instance", name},
                        {"__meta_faultline_target", name}}}});
  }
  return wire::dump(groups);
}

}  // namespace faultline::stream
