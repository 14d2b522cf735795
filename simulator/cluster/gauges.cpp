#include "simulator/cluster/gauges.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace faultline::sim::cluster {
namespace {

struct Newer {
  MetricName metric;
  Release first;
};

// Metrics that came after the recorded release and that somebody who watches failures
// reads, with the first profile that has them.
constexpr std::array kNewer = {
    Newer{{"leases.liveness", true, MetricKind::gauge}, Release::v23_1},
    Newer{{"leases.leader", true, MetricKind::gauge}, Release::v24_3},
    Newer{{"leases.preferences.less-preferred", true, MetricKind::gauge}, Release::v24_3},
    Newer{{"leases.preferences.violating", true, MetricKind::gauge}, Release::v24_3},
    Newer{{"ranges.decommissioning", true, MetricKind::gauge}, Release::v24_3},
    Newer{{"rpc.connection.avg_round_trip_latency", false, MetricKind::gauge}, Release::v24_3},
    Newer{{"rpc.connection.failures", false, MetricKind::counter}, Release::v24_3},
    Newer{{"rpc.connection.healthy", false, MetricKind::gauge}, Release::v24_3},
    Newer{{"rpc.connection.healthy_nanos", false, MetricKind::gauge}, Release::v24_3},
    Newer{{"rpc.connection.heartbeats", false, MetricKind::counter}, Release::v24_3},
    Newer{{"rpc.connection.inactive", false, MetricKind::gauge}, Release::v24_3},
    Newer{{"rpc.connection.unhealthy", false, MetricKind::gauge}, Release::v24_3},
    Newer{{"rpc.connection.unhealthy_nanos", false, MetricKind::gauge}, Release::v24_3},
    Newer{{"storeliveness.heartbeat.failures", true, MetricKind::counter}, Release::v24_3},
    Newer{{"storeliveness.heartbeat.successes", true, MetricKind::counter}, Release::v24_3},
    Newer{{"storeliveness.support.withdraw.successes", true, MetricKind::counter}, Release::v24_3},
    Newer{{"replicas.leaders_not_fortified", true, MetricKind::gauge}, Release::v25_2},
    Newer{{"replicas.asleep", true, MetricKind::gauge}, Release::v25_4},
    Newer{{"clock-offset.mediannanos", false, MetricKind::gauge}, Release::v25_4},
};

std::vector<MetricName> names_of(const Profile& profile) {
  static const std::vector<MetricName> kRecorded = {
#include "simulator/cluster/metric_names.inc"
  };
  std::vector<MetricName> names;
  for (const MetricName& each : kRecorded) {
    const bool replaced = std::string_view(each.name).starts_with("rpc.heartbeats.");
    if (!(replaced && profile.rpc_connection_gauges())) names.push_back(each);
  }
  for (const Newer& each : kNewer) {
    if (profile.since(each.first)) names.push_back(each.metric);
  }
  std::ranges::sort(names, {}, [](const MetricName& each) { return std::string_view(each.name); });
  return names;
}

}  // namespace

double Gauges::value(const std::string& name, StoreNumber store) const {
  const auto all = values_.find(name);
  if (all == values_.end()) return 0;
  const auto it = all->second.find(store);
  return it == all->second.end() ? 0 : it->second;
}

double Gauges::sum(const std::string& name) const {
  const auto all = values_.find(name);
  double sum = 0;
  if (all == values_.end()) return sum;
  for (const auto& [store, value] : all->second) sum += value;
  return sum;
}

const std::vector<MetricName>& metric_names(const Profile& profile) {
  static const std::vector<std::vector<MetricName>> kAll = [] {
    std::vector<std::vector<MetricName>> all;
    for (const Profile& each : profiles()) all.push_back(names_of(each));
    return all;
  }();
  return kAll[static_cast<std::size_t>(profile.release)];
}

}  // namespace faultline::sim::cluster
