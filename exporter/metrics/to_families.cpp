#include "exporter/metrics/to_families.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "common/base/ensure.hpp"
#include "common/base/utf8.hpp"
#include "exporter/metrics/catalogue.hpp"
#include "exporter/observe/standing.hpp"

namespace faultline::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using Labels = std::vector<ClientMetric::Label>;

double seconds(WallTime time) { return static_cast<double>(to_ms(time)) / 1000.0; }
double age(WallTime then, WallTime now) { return std::max(0.0, seconds(now) - seconds(then)); }

/// Families by catalogue position: whatever the order of adding, each name comes once.
class Page {
 public:
  void add(const Metric& metric, Labels labels, double value) {
    auto& family = family_of(metric);
    ClientMetric sample;
    sample.label = cleaned(std::move(labels));
    if (metric.kind == Kind::counter) {
      sample.counter.value = value;
    } else {
      sample.gauge.value = value;
    }
    family.metric.push_back(std::move(sample));
  }

  /// `counts` are of each bucket alone, the last one without limit.
  template <class Limits, class Counts>
  void add_histogram(const Metric& metric, Labels labels, const Limits& limits,
                     const Counts& counts, double sum) {
    ClientMetric sample;
    sample.label = cleaned(std::move(labels));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      below += static_cast<std::uint64_t>(counts[i]);
      const auto limit = i < limits.size() ? limits[i] : std::numeric_limits<double>::infinity();
      sample.histogram.bucket.push_back({below, limit});
    }
    sample.histogram.sample_count = below;
    sample.histogram.sample_sum = sum;
    family_of(metric).metric.push_back(std::move(sample));
  }

  template <class Number>
  void add_known(const Metric& metric, Labels labels, const std::optional<Number>& value) {
    if (value) add(metric, std::move(labels), static_cast<double>(*value));
  }

  /// One series for each state of `Enum`, 1 for the one that holds.
  template <class Enum>
  void add_states(const Metric& metric, const Labels& labels, Enum holds, Enum last) {
    for (std::size_t i = 0; i <= static_cast<std::size_t>(last); ++i) {
      const auto state = static_cast<Enum>(i);
      Labels all = labels;
      all.push_back({"state", std::string{to_string(state)}});
      add(metric, std::move(all), state == holds ? 1 : 0);
    }
  }

  [[nodiscard]] std::vector<MetricFamily> take() {
    std::vector<MetricFamily> list;
    for (auto& [position, family] : families_) list.push_back(std::move(family));
    return list;
  }

 private:
  /// The serializer escapes, and leaves bytes that no reader takes.
  static Labels cleaned(Labels labels) {
    for (auto& label : labels) label.value = valid_utf8(label.value);
    return labels;
  }

  static prometheus::MetricType type_of(Kind kind) {
    switch (kind) {
      case Kind::counter: return prometheus::MetricType::Counter;
      case Kind::histogram: return prometheus::MetricType::Histogram;
      case Kind::gauge:
      case Kind::info:
      case Kind::stateset: return prometheus::MetricType::Gauge;
    }
    FAULTLINE_ENSURE(false, "every kind has its type");
  }

  MetricFamily& family_of(const Metric& metric) {
    auto& family = families_[position(metric)];
    if (family.metric.empty()) {
      family.name = std::string{metric.name};
      family.help = std::string{metric.help};
      family.type = type_of(metric.kind);
    }
    return family;
  }

  static std::size_t position(const Metric& metric) {
    const auto found = std::find_if(kCatalogue.begin(), kCatalogue.end(),
                                    [&](const Metric& item) { return item.name == metric.name; });
    FAULTLINE_ENSURE(found != kCatalogue.end(), "a metric is listed before it is written");
    return static_cast<std::size_t>(found - kCatalogue.begin());
  }

  std::map<std::size_t, MetricFamily> families_;
};

Labels node_label(NodeId id) { return {{"node_id", std::to_string(id.value)}}; }

void add_sources(Page& page, const ClusterSnapshot& snapshot, WallTime now) {
  for (const auto& source : snapshot.sources) {
    const Labels labels{{"collector", source.name}};
    const bool off = !source.off.empty();
    page.add(kSourceOff, labels, off ? 1 : 0);
    if (!off) page.add(kCollectorSuccess, labels, source.ok ? 1 : 0);
    if (!off && source.took_ms) page.add(kCollectorDuration, labels, *source.took_ms / 1000.0);
    if (source.read_at) page.add(kSourceAge, labels, age(*source.read_at, now));
  }
}

void add_opinion(Page& page, const std::string& name, const Opinion& opinion) {
  const Labels labels{{"opinion", name}};
  page.add(kRangesUnavailableValid, labels, opinion.valid ? 1 : 0);
  if (opinion.valid) page.add_known(kRangesUnavailable, labels, opinion.ranges_unavailable);
}

void add_cluster(Page& page, const ClusterSnapshot& snapshot) {
  const auto& cluster = snapshot.cluster;
  if (cluster.cluster_id || cluster.version) {
    page.add(kClusterInfo,
             {{"cluster_id", cluster.cluster_id.value_or("")},
              {"version", cluster.version.value_or("")},
              {"simulated", cluster.simulated ? "true" : "false"}},
             1);
  }
  page.add(kNodesExpected, {}, static_cast<double>(cluster.nodes_expected));
  page.add(kNodesUp, {}, static_cast<double>(cluster.nodes_up));
  page.add_states(kVerdict, {}, snapshot.verdict.state, VerdictState::unknown);
  page.add_known(kCanLose, {}, snapshot.verdict.can_lose_nodes);
  page.add_known(kRanges, {}, snapshot.ranges_total);
  add_opinion(page, "native", snapshot.verdict.native);
  add_opinion(page, "computed", snapshot.verdict.computed);
  add_opinion(page, "probe", snapshot.verdict.probe);
  page.add_known(kRangesWithoutQuorum, {}, snapshot.ranges_unavailable);
  page.add_known(kRangesUnderreplicated, {}, snapshot.ranges_underreplicated);
}

void add_node(Page& page, const NodeView& node, WallTime now) {
  const auto labels = node_label(node.id);
  Labels info = labels;
  info.push_back({"address", node.address});
  info.push_back({"sql_address", node.sql_address});
  info.push_back({"locality", node.locality});
  info.push_back({"version", node.version});
  page.add(kNodeInfo, std::move(info), 1);
  page.add_states(kNodeLiveness, labels, node.liveness.state, Liveness::unknown);
  page.add_states(kNodeProcess, labels, node.process.state, ProcessState::unknown);
  page.add_states(kNodeContainer, labels, node.container.state, ContainerState::unknown);
  page.add_known(kNodeReady, labels, node.process.ready);
  page.add_known(kNodeReplicas, labels, node.ranges);
  page.add_known(kNodeLeaseholders, labels, node.leader_ranges);
  page.add_known(kNodeStoresMissing, labels, node.stores_missing);
  page.add(kNodeMetricsValid, labels, node.replication.valid ? 1 : 0);
  if (node.replication.read_at) {
    page.add(kNodeMetricsAge, labels, age(*node.replication.read_at, now));
  }
  page.add_known(kNodePeersLost, labels, node.connectivity.peers_lost);
}

void add_probe(Page& page, const NodeView& node) {
  if (!node.probe.read_at) return;
  for (const auto operation :
       {ProbeOperation::select, ProbeOperation::write, ProbeOperation::read}) {
    const auto& stats = node.probe.of(operation);
    Labels labels = node_label(node.id);
    labels.push_back({"operation", std::string{to_string(operation)}});
    if (node.probe.valid) page.add_known(kProbeSuccess, labels, stats.ok);
    page.add_histogram(kProbeDuration, labels, kProbeBuckets, stats.buckets, stats.seconds_sum);
    page.add(kProbeFailures, labels, static_cast<double>(stats.failed));
  }
}

void add_ledger(Page& page, const LedgerCounts& counts) {
  const auto add = [&](const Metric& metric, const char* result, std::int64_t count) {
    page.add(metric, {{"result", result}}, static_cast<double>(count));
  };
  add(kProbeWrites, "acknowledged", counts.acknowledged);
  add(kProbeWrites, "refused", counts.refused);
  add(kProbeWrites, "ambiguous", counts.ambiguous);
  add(kProbeResolved, "landed", counts.landed);
  add(kProbeResolved, "absent", counts.absent);
  page.add(kProbeUnresolved, {}, static_cast<double>(counts.unresolved));
  page.add(kProbeLost, {}, static_cast<double>(counts.lost));
  page.add(kProbePhantom, {}, static_cast<double>(counts.phantom));
}

void add_faults(Page& page, const ClusterSnapshot& snapshot) {
  std::map<FaultState, std::int64_t> by_state;
  // Two faults of one kind on one target, as one that ended and the next, are one series.
  std::map<std::pair<FaultKind, std::string>, const FaultView*> active;
  std::map<std::pair<FaultKind, std::string>, const FaultView*> overdue;
  for (const auto& fault : snapshot.faults) {
    ++by_state[fault.state];
    if (fault.state == FaultState::active) active[{fault.kind, fault.target}] = &fault;
    if (fault.overdue) overdue[{fault.kind, fault.target}] = &fault;
  }
  for (const auto& [key, fault] : active) {
    page.add(kFaultActive,
             {{"kind", std::string{to_string(key.first)}},
              {"target", key.second},
              {"node_id", fault->node_id ? std::to_string(fault->node_id->value) : ""}},
             1);
  }
  for (const auto& [key, fault] : overdue) {
    page.add(kFaultOverdue, {{"kind", std::string{to_string(key.first)}}, {"target", key.second}},
             1);
  }
  for (std::size_t i = 0; i <= static_cast<std::size_t>(FaultState::revert_failed); ++i) {
    const auto state = static_cast<FaultState>(i);
    page.add(kFaults, {{"state", std::string{to_string(state)}}},
             static_cast<double>(by_state[state]));
  }
}

void add_self(Page& page, const SelfStats& self) {
  page.add(kBuildInfo, {{"version", self.version}, {"compiler", self.compiler}}, 1);
  page.add(kStreamClients, {}, static_cast<double>(self.stream_clients));
  page.add(kStreamDropped, {}, static_cast<double>(self.stream_dropped_total));
  page.add(kStreamMessages, {}, static_cast<double>(self.stream_messages_total));
  page.add(kStreamBytes, {}, static_cast<double>(self.stream_bytes_total));
  page.add(kProcessCpu, {}, self.process.cpu_seconds);
  page.add(kProcessResident, {}, self.process.resident_bytes);
  page.add(kProcessVirtual, {}, self.process.virtual_bytes);
  page.add(kProcessFds, {}, self.process.open_fds);
  page.add(kProcessFdsMax, {}, self.process.max_fds);
  page.add(kProcessStart, {}, self.process.start_time_seconds);
}

void add_events(Page& page, const observe::EventCounts& events) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    page.add(kEvents, {{"kind", std::string{to_string(static_cast<EventKind>(i))}}},
             static_cast<double>(events[i]));
  }
}

void add_picture(Page& page, const ClusterSnapshot* snapshot, const observe::EventCounts& events,
                 WallTime now) {
  bool up = false;
  if (snapshot != nullptr) {
    up = observe::anybody_answers(*snapshot);
    page.add(kSnapshotTimestamp, {}, seconds(snapshot->at));
    add_sources(page, *snapshot, now);
    add_cluster(page, *snapshot);
    for (const auto& node : snapshot->nodes) {
      add_node(page, node, now);
      add_probe(page, node);
    }
    if (snapshot->ledger) add_ledger(page, *snapshot->ledger);
    page.add(kConnectivityValid, {}, snapshot->connectivity.valid ? 1 : 0);
    if (snapshot->connectivity.valid) {
      page.add(kConnectivityCuts, {}, static_cast<double>(snapshot->connectivity.cuts.size()));
    }
    add_faults(page, *snapshot);
  }
  page.add(kUp, {}, up ? 1 : 0);
  add_events(page, events);
}

}  // namespace

std::vector<MetricFamily> to_families(const ClusterSnapshot* snapshot, const SelfStats& self,
                                      WallTime now) {
  Page page;
  add_picture(page, snapshot, self.events, now);
  add_self(page, self);
  return page.take();
}

std::vector<MetricFamily> target_families(const ClusterSnapshot* snapshot,
                                          const observe::EventCounts& events, WallTime now) {
  Page page;
  add_picture(page, snapshot, events, now);
  return page.take();
}

std::vector<MetricFamily> exporter_families(const SelfStats& self) {
  Page page;
  add_self(page, self);
  return page.take();
}

}  // namespace faultline::metrics
