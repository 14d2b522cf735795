#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "common/cluster/event.hpp"
#include "common/cluster/snapshot.hpp"

namespace faultline::stream {

/// A made-up cluster, valid by the schema.
inline ClusterSnapshot sample_snapshot(std::int64_t seq, int nodes = 3) {
  ClusterSnapshot snapshot;
  snapshot.boot = "b-test";
  snapshot.seq = seq;
  snapshot.at = from_ms(1'795'423'340'000 + seq * 200);
  snapshot.cluster = {.cluster_id = "0a1a69d2",
                      .version = "v22.1.0",
                      .simulated = true,
                      .nodes_expected = nodes,
                      .nodes_up = nodes};
  snapshot.verdict.state = VerdictState::available;
  snapshot.verdict.sentence = "Available, can lose 1 more node";
  snapshot.verdict.can_lose_nodes = 1;
  snapshot.ranges_total = 65;
  snapshot.ranges_unavailable = 0;
  for (int id = 1; id <= nodes; ++id) {
    NodeView node;
    node.id = NodeId{id};
    node.address = node.sql_address = "127.0.0.1:" + std::to_string(26256 + id);
    node.locality = "region=eu,zone=" + std::to_string(id);
    node.version = "v22.1.0";
    node.is_live = true;
    node.ranges = 65;
    node.leader_ranges = 20;
    node.liveness.state = Liveness::live;
    node.liveness.read_at = snapshot.at;
    snapshot.nodes.push_back(node);
  }
  snapshot.sources.push_back({.name = "gossip",
                              .ok = true,
                              .error = "",
                              .gateway = "127.0.0.1:26257",
                              .read_at = snapshot.at,
                              .took_ms = 2.5});
  return snapshot;
}

inline SnapshotPtr share(ClusterSnapshot snapshot) {
  return std::make_shared<const ClusterSnapshot>(std::move(snapshot));
}

inline ClusterEvent sample_event(std::int64_t id) {
  return {.id = id,
          .at = from_ms(1'795'423'340'000 + id),
          .kind = EventKind::container_state,
          .severity = Severity::warning,
          .node_id = NodeId{2},
          .fault_id = FaultId{"f-17"},
          .sentence = "n2 container exited"};
}

/// Changes a few fields of a few nodes, and now and then who is there.
inline ClusterSnapshot changed(ClusterSnapshot snapshot, std::mt19937& random) {
  const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
  ++snapshot.seq;
  snapshot.at += milliseconds{200};
  if (chance(20)) snapshot.ranges_unavailable.reset();
  if (chance(20)) snapshot.ranges_unavailable = static_cast<std::int64_t>(random() % 65);
  if (chance(20)) snapshot.verdict.probe.valid = !snapshot.verdict.probe.valid;
  if (chance(20)) snapshot.verdict.can_lose_nodes.reset();
  if (chance(20)) snapshot.faults.emplace_back().id.value = "f-" + std::to_string(snapshot.seq);
  if (chance(20)) snapshot.faults.clear();
  for (NodeView& node : snapshot.nodes) {
    if (chance(30)) node.leader_ranges = static_cast<std::int64_t>(random() % 65);
    if (chance(15)) node.is_live.reset();
    if (chance(15)) node.is_live = chance(50);
    if (chance(15)) node.container.id = "c" + std::to_string(random() % 9);
    if (chance(15)) node.container.id.reset();
    if (chance(30)) node.liveness.state = chance(50) ? Liveness::suspect : Liveness::live;
    if (chance(15)) node.liveness.next_at.reset();
    if (chance(15)) node.liveness.next_at = snapshot.at;
  }
  if (chance(15) && !snapshot.nodes.empty()) {
    snapshot.nodes.erase(snapshot.nodes.begin() +
                         static_cast<std::ptrdiff_t>(random() % snapshot.nodes.size()));
  }
  if (chance(15)) {
    NodeView node;
    node.id = NodeId{snapshot.nodes.empty() ? 1 : snapshot.nodes.back().id.value + 1};
    snapshot.nodes.push_back(node);
  }
  return snapshot;
}

}  // namespace faultline::stream
