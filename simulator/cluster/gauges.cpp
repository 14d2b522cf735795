#include "simulator/cluster/gauges.hpp"

namespace faultline::sim::cluster {

const std::vector<MetricName>& metric_names() {
  static const std::vector<MetricName> kNames = {
#include "simulator/cluster/metric_names.inc"
  };
  return kNames;
}

}  // namespace faultline::sim::cluster
