#include "exporter/observe/source_health.hpp"

namespace faultline::observe {

namespace {

template <class Part>
void add_source(ClusterSnapshot& snapshot, const std::string& name,
                const std::optional<poll::Reading<Part>>& reading, milliseconds age_max) {
  if (!reading) return;
  const auto& health = reading->health;
  const bool stale = !health.read_at || snapshot.at - *health.read_at > age_max;
  snapshot.sources.push_back({name, health.ok, health.error, health.gateway, health.read_at,
                              health.took_ms, stale, health.off});
}

/// Two witnesses are one source: it works for as long as one of them does.
std::optional<poll::Reading<sources::GossipView>> joint_gossip(const Readings& readings) {
  const auto& second = readings.second_gossip;
  const bool take_second =
      readings.gossip && second && second->health.ok &&
      (!readings.gossip->health.ok || *second->health.read_at > *readings.gossip->health.read_at);
  return take_second && !readings.gossip->health.ok ? second : readings.gossip;
}

}  // namespace

void add_sources(ClusterSnapshot& snapshot, const Readings& readings) {
  add_source(snapshot, "process", readings.process, kProcessAgeMax);
  add_source(snapshot, "metrics", readings.metrics, kMetricsAgeMax);
  add_source(snapshot, "gossip", joint_gossip(readings), kGossipAgeMax);
  add_source(snapshot, "placement", readings.placement, placement_age_max(readings));
  add_source(snapshot, "containers", readings.containers, kContainersAgeMax);
  add_source(snapshot, "kv_status", readings.kv_status, kKvStatusAgeMax);
  add_source(snapshot, "cluster_log", readings.cluster_log, kClusterLogAgeMax);
  add_source(snapshot, "probe", readings.probe, kProbeAgeMax);
}

}  // namespace faultline::observe
