#include <algorithm>
#include <tuple>

#include "exporter/observe/diff.hpp"

namespace faultline::observe {

namespace {

// Times of reading and of expiry move all the time, and reasons may hold an age: a
// picture that differs only in these waits for the next second.

bool same(const Opinion& a, const Opinion& b) {
  return std::tie(a.valid, a.ranges_unavailable, a.reason) ==
         std::tie(b.valid, b.ranges_unavailable, b.reason);
}

bool same(const NodeReplication& a, const NodeReplication& b) {
  return std::tie(a.valid, a.reason, a.live_nodes, a.ranges_counted, a.ranges_unavailable,
                  a.ranges_underreplicated) == std::tie(b.valid, b.reason, b.live_nodes,
                                                        b.ranges_counted, b.ranges_unavailable,
                                                        b.ranges_underreplicated);
}

/// Latencies move all the time, too.
bool same(const NodeProbe& a, const NodeProbe& b) {
  return std::tie(a.valid, a.reason, a.failing_since) ==
             std::tie(b.valid, b.reason, b.failing_since) &&
         std::equal(a.operations.begin(), a.operations.end(), b.operations.begin(),
                    [](const OperationStats& x, const OperationStats& y) { return x.ok == y.ok; });
}

bool same(const PeerLink& a, const PeerLink& b) {
  return std::tie(a.peer, a.state) == std::tie(b.peer, b.state);
}

bool same(const NodeConnectivity& a, const NodeConnectivity& b) {
  return std::equal(a.peers.begin(), a.peers.end(), b.peers.begin(), b.peers.end(),
                    [](const PeerLink& x, const PeerLink& y) { return same(x, y); });
}

bool same(const NodeView& a, const NodeView& b) {
  const auto description = [](const NodeView& node) {
    return std::tie(node.id, node.address, node.sql_address, node.http_address, node.locality,
                    node.version, node.started_at, node.is_live, node.ranges, node.leader_ranges);
  };
  const auto states = [](const NodeView& node) {
    return std::tie(node.liveness.state, node.liveness.since, node.liveness.next_state,
                    node.liveness.epoch, node.liveness.disagreement, node.process.state,
                    node.process.ready, node.process.since, node.container.state, node.container.id,
                    node.container.name, node.container.since);
  };
  return description(a) == description(b) && states(a) == states(b) &&
         same(a.replication, b.replication) && same(a.probe, b.probe) &&
         a.stores.has_value() == b.stores.has_value() && same(a.connectivity, b.connectivity);
}

bool same(const SourceHealth& a, const SourceHealth& b) {
  return std::tie(a.name, a.ok, a.error, a.gateway, a.stale, a.off) ==
         std::tie(b.name, b.ok, b.error, b.gateway, b.stale, b.off);
}

bool same(const FaultView& a, const FaultView& b) {
  return std::tie(a.id, a.kind, a.state, a.target, a.node_id, a.reason, a.active_at, a.expires_at,
                  a.ended_at, a.overdue) == std::tie(b.id, b.kind, b.state, b.target, b.node_id,
                                                     b.reason, b.active_at, b.expires_at,
                                                     b.ended_at, b.overdue);
}

bool same(const TargetView& a, const TargetView& b) {
  return std::tie(a.name, a.container_id, a.state, a.state_since, a.addresses, a.node_id) ==
         std::tie(b.name, b.container_id, b.state, b.state_since, b.addresses, b.node_id);
}

template <class Item>
bool same_list(const std::vector<Item>& a, const std::vector<Item>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Item& x, const Item& y) { return same(x, y); });
}

}  // namespace

bool differs(const ClusterSnapshot& before, const ClusterSnapshot& after) {
  const auto head = [](const ClusterSnapshot& snapshot) {
    return std::tie(snapshot.cluster.cluster_id, snapshot.cluster.version,
                    snapshot.cluster.nodes_expected, snapshot.cluster.nodes_up,
                    snapshot.verdict.state, snapshot.verdict.sentence,
                    snapshot.verdict.can_lose_nodes, snapshot.ranges_total,
                    snapshot.ranges_unavailable, snapshot.ranges_underreplicated,
                    snapshot.connectivity.valid, snapshot.connectivity.sentence);
  };
  const auto lost = [](const ClusterSnapshot& snapshot) {
    const auto counts = snapshot.ledger.value_or(LedgerCounts{});
    return counts.lost + counts.phantom;
  };
  return head(before) != head(after) || lost(before) != lost(after) ||
         !same(before.verdict.native, after.verdict.native) ||
         !same(before.verdict.computed, after.verdict.computed) ||
         !same(before.verdict.probe, after.verdict.probe) ||
         !same_list(before.nodes, after.nodes) || !same_list(before.sources, after.sources) ||
         !same_list(before.faults, after.faults) || !same_list(before.targets, after.targets);
}

}  // namespace faultline::observe
