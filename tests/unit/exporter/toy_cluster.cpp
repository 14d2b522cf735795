#include "tests/unit/exporter/toy_cluster.hpp"

#include <algorithm>
#include <map>

#include "tests/unit/exporter/good_reading.hpp"

namespace faultline::test {

namespace {

constexpr milliseconds kStep{100};
constexpr milliseconds kRecordHolds{9'000};
constexpr milliseconds kHeartbeat{4'500};
constexpr milliseconds kGossipForgets{3'000};
constexpr milliseconds kStoresForgotten{120'000};
constexpr milliseconds kGaugeTick{10'000};

template <class Part>
void fail(std::optional<poll::Reading<Part>>& reading, const std::string& error) {
  if (!reading) reading.emplace();
  reading->health.ok = false;
  reading->health.error = error;
  ++reading->reads;
}

}  // namespace

ToyCluster::ToyCluster(int nodes, int ranges, int voters, int stores)
    : now(from_ms(1'795'423'340'000)), stores_(stores) {
  seeds.sql = {"127.0.0.1:26257"};
  for (int i = 1; i <= nodes; ++i) {
    Node node;
    node.id = NodeId{i};
    node.since = now;
    node.expires_at = now + kRecordHolds;
    nodes_.push_back(node);
  }
  for (int range = 0; range < ranges; ++range) {
    std::vector<StoreId> places;
    const int first = 11 + 10 * (range % stores);
    for (int v = 0; v < voters; ++v) places.push_back(StoreId{first + (range + v) % nodes});
    std::sort(places.begin(), places.end());
    voters_.push_back(places);
    ++nodes_[static_cast<std::size_t>(range % nodes)].leases;
  }
  tick_gauges();
}

std::string ToyCluster::sql(NodeId id) const {
  return "127.0.0.1:" + std::to_string(26256 + id.value);
}
std::string ToyCluster::http(NodeId id) const {
  return "127.0.0.1:" + std::to_string(8080 + id.value);
}

void ToyCluster::set(int number, State state) {
  auto& node = nodes_[static_cast<std::size_t>(number - 1)];
  if (state == State::isolated) {
    node.frozen.clear();
    for (const auto& other : nodes_) node.frozen.push_back(other.expires_at);
  }
  if (state == State::up && node.state == State::killed) ++node.epoch;
  node.state = state;
  node.since = now;
}

void ToyCluster::decommission(int number, sources::Membership membership) {
  nodes_[static_cast<std::size_t>(number - 1)].membership = membership;
}

void ToyCluster::move_off(int number) {
  for (auto& places : voters_) {
    for (auto& place : places) {
      if (index_of(place) + 1 != static_cast<std::size_t>(number)) continue;
      for (const auto& node : nodes_) {
        const StoreId other{node.id.value + 10};
        const bool stays = node.membership == sources::Membership::active;
        if (!stays || std::find(places.begin(), places.end(), other) != places.end()) continue;
        place = other;
        break;
      }
    }
    std::sort(places.begin(), places.end());
  }
}

void ToyCluster::set_container(int number, ContainerState state) {
  nodes_[static_cast<std::size_t>(number - 1)].container = state;
}

bool ToyCluster::answers(const Node& node) const {
  return node.state == State::up || node.state == State::isolated;
}

bool ToyCluster::majority_connected() const {
  const auto up = std::count_if(nodes_.begin(), nodes_.end(),
                                [](const Node& node) { return node.state == State::up; });
  return up * 2 > static_cast<std::ptrdiff_t>(nodes_.size());
}

bool ToyCluster::live_in_own_eyes(const Node& node) const { return node.expires_at > now; }

std::int64_t ToyCluster::peers_lost(const Node& node) const {
  return std::count_if(nodes_.begin(), nodes_.end(), [&](const Node& other) {
    if (other.id == node.id) return false;
    const auto a = static_cast<int>(node.id.value);
    const auto b = static_cast<int>(other.id.value);
    const bool apart = node.state == State::isolated || other.state != State::up;
    return apart || cuts_.contains({std::min(a, b), std::max(a, b)});
  });
}

void ToyCluster::heartbeat() {
  if (!majority_connected()) return;
  for (auto& node : nodes_) {
    const bool due = node.expires_at - now <= kRecordHolds - kHeartbeat;
    const bool member = node.membership != sources::Membership::decommissioned;
    if (node.state == State::up && member && due) node.expires_at = now + kRecordHolds;
  }
}

void ToyCluster::tick_gauges() {
  const auto live = [&](StoreId store) {
    const auto& node = nodes_[index_of(store)];
    return node.expires_at > now;
  };
  for (auto& node : nodes_) {
    if (!answers(node)) continue;
    node.ranges = node.unavailable = node.underreplicated = 0;
    if (!live_in_own_eyes(node)) {
      node.leases = 0;
      continue;
    }
    for (const auto& voters : voters_) {
      // Counted by the first live replica.
      const auto counter = std::find_if(voters.begin(), voters.end(), live);
      if (counter == voters.end() ||
          index_of(*counter) + 1 != static_cast<std::size_t>(node.id.value))
        continue;
      const auto alive = std::count_if(voters.begin(), voters.end(), live);
      const auto all = static_cast<std::ptrdiff_t>(voters.size());
      ++node.ranges;
      if (alive < all) ++node.underreplicated;
      if (alive * 2 <= all) ++node.unavailable;
    }
  }
}

void ToyCluster::advance(milliseconds by) {
  for (auto left = by; left > milliseconds{0}; left -= kStep) {
    now += kStep;
    heartbeat();
    if (++steps_ % (kGaugeTick / kStep) == 0) tick_gauges();
  }
}

sources::GossipView ToyCluster::view_of(const Node& witness) const {
  sources::GossipView view{sql(witness.id),
                           witness.id,
                           "0a1a69d2-96ce-4da1-b6e5-faf5b2c3f0af",
                           "CockroachDB CCL v22.1.0-alpha.20220214 (linux amd64)",
                           now,
                           {}};
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& node = nodes_[i];
    sources::GossipRow row;
    row.id = node.id;
    row.epoch = node.epoch;
    const bool cut_off = witness.state == State::isolated && node.id != witness.id;
    row.expires_at = cut_off ? witness.frozen[i] : node.expires_at;
    const auto lost_since = cut_off ? witness.since : node.since;
    const bool left = node.membership == sources::Membership::decommissioned;
    const bool lost = cut_off || left || node.state != State::up;
    row.membership = node.membership;
    row.is_live = node.id == witness.id || !lost || (!left && now - lost_since < kGossipForgets);
    row.address = row.sql_address = sql(node.id);
    row.locality = "region=local,zone=z" + std::to_string(node.id.value);
    row.build_tag = "v22.1.0-alpha.20220214";
    row.started_at = from_ms(1'795'423'255'000);
    const bool forgotten = left || (lost && now - lost_since >= kStoresForgotten);
    row.ranges = forgotten ? 0 : static_cast<std::int64_t>(voters_.size());
    row.leases = forgotten ? 0 : node.leases;
    view.rows.push_back(std::move(row));
  }
  return view;
}

sources::NodeVars ToyCluster::vars_of(const Node& node) const {
  sources::NodeVars vars;
  vars.node_id = node.id;
  vars.live_nodes = !live_in_own_eyes(node)
                        ? 0
                        : std::count_if(nodes_.begin(), nodes_.end(),
                                        [&](const Node& other) { return other.expires_at > now; });
  vars.ranges = node.ranges;
  vars.ranges_unavailable = node.unavailable;
  vars.ranges_underreplicated = node.underreplicated;
  vars.replicas = static_cast<std::int64_t>(voters_.size());
  vars.leaseholders = node.leases;
  for (int each = 1; each <= stores_; ++each) {
    const StoreId store{node.id.value + 10 * each};
    if (!lost_stores_.contains(store)) vars.stores.push_back(store);
  }
  const auto peers = static_cast<std::int64_t>(nodes_.size()) - 1;
  vars.connections_bad = 2 * peers_lost(node);
  vars.connections_good = 2 * peers - *vars.connections_bad;
  return vars;
}

void ToyCluster::poll() {
  sources::ProcessPart process;
  sources::MetricsPart metrics;
  std::vector<const Node*> asked;
  for (const auto& node : nodes_) {
    sources::ProcessProbe probe{sql(node.id), http(node.id), ProcessState::reachable, {}, {}};
    if (answers(node)) {
      probe.ready = live_in_own_eyes(node);
      metrics.pages.push_back({http(node.id), vars_of(node), {}, now});
      asked.push_back(&node);
    } else {
      probe.state =
          node.state == State::paused ? ProcessState::unresponsive : ProcessState::unreachable;
      probe.reason = node.state == State::paused ? "it accepts connections and says nothing"
                                                 : "connection refused";
      metrics.pages.push_back({http(node.id), {}, "no answer", now});
    }
    metrics.identities.push_back({sql(node.id), node.id, http(node.id)});
    process.probes.push_back(probe);
  }
  readings.process = good(std::move(process), now);
  if (asked.empty()) {
    fail(readings.metrics, "no node gives its metrics");
  } else {
    readings.metrics = good(std::move(metrics), now);
  }
  // As gateways are chosen: those that are ready first.
  std::stable_sort(asked.begin(), asked.end(), [&](const Node* a, const Node* b) {
    return live_in_own_eyes(*a) > live_in_own_eyes(*b);
  });
  if (asked.empty()) fail(readings.gossip, "no answer before the deadline");
  if (!asked.empty()) readings.gossip = good(view_of(*asked[0]), now, sql(asked[0]->id));
  if (asked.size() < 2) fail(readings.second_gossip, "there is no other node to ask");
  if (asked.size() > 1) readings.second_gossip = good(view_of(*asked[1]), now, sql(asked[1]->id));

  const bool quorum = majority_connected();
  if (quorum) {
    sources::PlacementPart placement;
    std::map<std::vector<StoreId>, sources::VoterGroup> groups;
    std::int64_t id = 0;
    for (const auto& voters : voters_) {
      auto& group = groups[voters];
      group.voters = voters;
      ++group.ranges;
      ++id;
      const auto name = id == 1 ? "/Min" : id == 2 ? "/System/NodeLiveness" : "";
      group.named.push_back({id, *name != '\0' ? name : "/Table/" + std::to_string(id + 80)});
    }
    for (const auto& [voters, group] : groups) placement.groups.push_back(group);
    placement.ranges = static_cast<std::int64_t>(voters_.size());
    readings.placement = good(std::move(placement), now, sql(NodeId{1}));
  } else {
    fail(readings.placement, "57014: query execution canceled due to statement timeout");
  }
  poll_containers();
}

void ToyCluster::poll_containers() {
  ChaosView chaos{"c-1", 1, {}, {}};
  for (const auto& node : nodes_) {
    if (!node.container) continue;
    chaos.targets.push_back({"crdb-" + std::to_string(node.id.value),
                             "process:crdb-" + std::to_string(node.id.value),
                             RuntimeKind::process,
                             *node.container,
                             node.since,
                             {sql(node.id)},
                             {}});
  }
  if (!chaos.targets.empty()) readings.containers = good(std::move(chaos), now);
}

const ClusterSnapshot& ToyCluster::assemble() {
  const auto previous = memory.previous;
  auto [snapshot, next, next_basis, wanted] = observe::assemble(readings, memory, seeds, now);
  basis = std::move(next_basis);
  descriptors_wanted = wanted;
  events_ = observe::diff(previous.get(), snapshot);
  memory = std::move(next);
  memory.previous = std::make_shared<const ClusterSnapshot>(std::move(snapshot));
  return *memory.previous;
}

const ClusterSnapshot& ToyCluster::look() {
  poll();
  return assemble();
}

}  // namespace faultline::test
