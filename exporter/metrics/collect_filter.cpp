#include "exporter/metrics/collect_filter.hpp"

#include <algorithm>
#include <array>

#include "exporter/metrics/catalogue.hpp"

namespace faultline::metrics {

namespace {

struct Origin {
  std::string_view metric;
  std::string_view collector;
};

constexpr std::array kOrigins{
    Origin{kNodeProcess.name, "process"},      Origin{kNodeReady.name, "process"},
    Origin{kNodeMetricsValid.name, "metrics"}, Origin{kNodeMetricsAge.name, "metrics"},
    Origin{kNodeInfo.name, "gossip"},          Origin{kNodeLiveness.name, "gossip"},
    Origin{kClusterInfo.name, "gossip"},       Origin{kRanges.name, "placement"},
    Origin{kNodeContainer.name, "containers"}, Origin{kFaultActive.name, "containers"},
    Origin{kFaultOverdue.name, "containers"},  Origin{kFaults.name, "containers"},
    Origin{kProbeSuccess.name, "probe"},       Origin{kProbeDuration.name, "probe"},
    Origin{kProbeFailures.name, "probe"},      Origin{kProbeWrites.name, "probe"},
    Origin{kProbeResolved.name, "probe"},      Origin{kProbeUnresolved.name, "probe"},
    Origin{kProbeLost.name, "probe"},          Origin{kProbePhantom.name, "probe"},
};

bool wanted(const std::vector<std::string>& collect, std::string_view collector) {
  return collector.empty() || std::find(collect.begin(), collect.end(), collector) != collect.end();
}

}  // namespace

std::string_view collector_of(std::string_view metric) {
  const auto found = std::find_if(kOrigins.begin(), kOrigins.end(),
                                  [&](const Origin& origin) { return origin.metric == metric; });
  return found == kOrigins.end() ? "" : found->collector;
}

std::vector<prometheus::MetricFamily> only_of(std::vector<prometheus::MetricFamily> families,
                                              const std::vector<std::string>& collect) {
  if (collect.empty()) return families;
  for (auto& family : families) {
    if (!wanted(collect, collector_of(family.name))) family.metric.clear();
    std::erase_if(family.metric, [&](const prometheus::ClientMetric& metric) {
      return std::any_of(metric.label.begin(), metric.label.end(), [&](const auto& label) {
        return label.name == "collector" && !wanted(collect, label.value);
      });
    });
  }
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  return families;
}

}  // namespace faultline::metrics
