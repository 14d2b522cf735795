#include "exporter/observe/assemble.hpp"

#include <algorithm>
#include <set>

#include "exporter/observe/computed_opinion.hpp"
#include "exporter/observe/connectivity.hpp"
#include "exporter/observe/impact_basis.hpp"
#include "exporter/observe/liveness_state.hpp"
#include "exporter/observe/native_opinion.hpp"
#include "exporter/observe/node_parts.hpp"
#include "exporter/observe/probe_view.hpp"
#include "exporter/observe/source_health.hpp"
#include "exporter/observe/standing.hpp"
#include "exporter/observe/verdict.hpp"

namespace faultline::observe {

namespace {

const NodeView* find_node(const ClusterSnapshot* snapshot, NodeId id) {
  if (snapshot == nullptr) return nullptr;
  const auto found = std::find_if(snapshot->nodes.begin(), snapshot->nodes.end(),
                                  [&](const NodeView& node) { return node.id == id; });
  return found == snapshot->nodes.end() ? nullptr : &*found;
}

/// Everybody whom anybody has named; a node leaves only when a fresh gossip no longer
/// lists it, which it does only for records that the cluster has deleted.
std::set<NodeId> inventory(const Readings& readings, Memory& memory) {
  std::set<NodeId> named;
  std::set<NodeId> listed;
  for (const auto* reading : {&readings.gossip, &readings.second_gossip}) {
    if (!*reading || !(*reading)->part) continue;
    for (const auto& row : (*reading)->part->rows) listed.insert(row.id);
  }
  memory.inventory_known = memory.inventory_known || !listed.empty();
  if (listed.empty() && memory.previous) {
    for (const auto& node : memory.previous->nodes) named.insert(node.id);
  }
  if (listed.empty() && readings.metrics && readings.metrics->part) {
    for (const auto& page : readings.metrics->part->pages) {
      if (page.vars && page.vars->node_id) named.insert(*page.vars->node_id);
    }
  }
  named.insert(listed.begin(), listed.end());
  return named;
}

std::map<NodeId, SelfView> self_views(const std::vector<NodeView>& nodes, const Readings& readings,
                                      WallTime now) {
  std::map<NodeId, SelfView> selves;
  for (const auto& node : nodes) {
    SelfView self;
    self.answers = node.process.state == ProcessState::reachable;
    self.gone = node.process.state == ProcessState::unreachable ||
                node.process.state == ProcessState::unresponsive;
    self.ready = node.process.ready;
    // Readiness is asked five times as often: a node that has just become ready is not
    // called dead by the page it gave before.
    const auto* page = page_of(node.id, readings, now);
    if (page != nullptr && self.ready != true) self.live_nodes = page->vars->live_nodes;
    selves.emplace(node.id, self);
  }
  return selves;
}

/// Before gossip has named the nodes the addresses of the configuration stand for them.
void count_seeds(VerdictInput& input, const Readings& readings, const Seeds& seeds,
                 std::size_t nodes, WallTime now) {
  const auto* part = fresh(readings.process, now, kProcessAgeMax);
  const auto seeded = std::max({seeds.sql.size(), seeds.http.size(), nodes});
  input.expected = static_cast<std::int64_t>(seeded);
  if (part == nullptr) return;
  // HTTP tells more: the kernel of a paused process accepts on its SQL port.
  const bool by_http = !seeds.http.empty();
  input.answering = 0;
  input.silent = 0;
  for (const auto& probe : part->probes) {
    if (by_http ? !probe.http.has_value() : probe.sql.empty()) continue;
    if (probe.state == ProcessState::reachable) ++input.answering;
    if (probe.state == ProcessState::unresponsive) ++input.silent;
  }
  input.answering = std::min(input.answering, input.expected);
  input.up = input.answering;
}

VerdictInput count_nodes(const std::vector<NodeView>& nodes, const Readings& readings,
                         const Memory& memory, const Seeds& seeds, WallTime now) {
  VerdictInput input;
  input.now = now;
  input.processes_known = fresh(readings.process, now, kProcessAgeMax) != nullptr;
  for (const auto& node : nodes) {
    if (!is_expected(node)) continue;
    ++input.expected;
    if (answers(node)) ++input.answering;
    if (node.process.state == ProcessState::unresponsive) ++input.silent;
    // Not probed yet is not gone: a node that joined a moment ago raises no alarm.
    if (node.process.state == ProcessState::unknown) input.processes_known = false;
    if (is_up(node)) ++input.up;
  }
  if (!memory.inventory_known) count_seeds(input, readings, seeds, nodes.size(), now);
  return input;
}

/// Some node answers and says, or lets see, that it is not live.
bool is_denied(const std::vector<NodeView>& nodes, const std::vector<Witness>& witnesses,
               const Readings& readings, WallTime now) {
  if (!witnesses.empty()) return true;
  const auto* part = fresh(readings.process, now, kProcessAgeMax);
  const bool probe_says = part != nullptr && std::any_of(part->probes.begin(), part->probes.end(),
                                                         [](const sources::ProcessProbe& probe) {
                                                           return probe.ready == false;
                                                         });
  return probe_says || std::any_of(nodes.begin(), nodes.end(), [](const NodeView& node) {
           return node.process.ready == false;
         });
}

void add_faults(ClusterSnapshot& snapshot, const Readings& readings) {
  if (!readings.containers || !readings.containers->part) return;
  constexpr milliseconds kEndedFor{60'000};
  const auto& view = *readings.containers->part;
  snapshot.targets = view.targets;
  const bool young = fresh(readings.containers, snapshot.at, kContainersAgeMax) != nullptr;
  for (auto& target : snapshot.targets) {
    if (!young) target.state = ContainerState::unknown;
    for (const auto& node : snapshot.nodes) {
      if (!target.node_id && node.container.name == target.name) target.node_id = node.id;
    }
  }
  for (auto fault : view.faults) {
    if (fault.ended_at && snapshot.at - *fault.ended_at > kEndedFor) continue;
    for (const auto& node : snapshot.nodes) {
      if (!fault.node_id && node.container.name == fault.target) fault.node_id = node.id;
    }
    snapshot.faults.push_back(std::move(fault));
  }
}

void describe_cluster(ClusterSnapshot& snapshot, const Readings& readings,
                      const ClusterSnapshot* before) {
  if (before != nullptr) snapshot.cluster = before->cluster;
  for (const auto* reading : {&readings.second_gossip, &readings.gossip}) {
    if (!*reading || !(*reading)->part) continue;
    const auto& view = *(*reading)->part;
    if (!view.cluster_id.empty()) snapshot.cluster.cluster_id = view.cluster_id;
    if (!view.version.empty()) snapshot.cluster.version = view.version;
  }
  snapshot.cluster.simulated =
      snapshot.cluster.version && snapshot.cluster.version->find("crdbsim") != std::string::npos;
}

/// What the node's liveness was before says since when it is what it is.
void carry_on(NodeLiveness& liveness, const NodeView* before, const std::string& build_tag,
              milliseconds suspect_for, WallTime now) {
  const auto* old = before == nullptr ? nullptr : &before->liveness;
  remember_return(liveness, old, build_tag, suspect_for, now);
  liveness.since = old != nullptr && old->state == liveness.state ? old->since : std::optional{now};
  if (liveness.disagreement.empty()) return;
  const bool before_too = old != nullptr && old->disagreement_since;
  liveness.disagreement_since = before_too ? old->disagreement_since : std::optional{now};
}

std::vector<NodeView> observe_nodes(const Readings& readings, Memory& memory, WallTime now,
                                    std::vector<Witness>& witnesses) {
  std::vector<NodeView> nodes;
  const auto* previous = memory.previous.get();
  for (const auto id : inventory(readings, memory)) {
    const auto* before = find_node(previous, id);
    NodeView node;
    node.id = id;
    fill_description(node, readings, memory.directory, before);
    node.process = process_of(id, readings, memory.directory, before, now);
    nodes.push_back(std::move(node));
  }
  const auto selves = self_views(nodes, readings, now);
  witnesses = judge_witnesses(readings, selves, now);
  for (auto& node : nodes) {
    const auto* before = find_node(previous, node.id);
    node.container = container_of(node, nodes, readings, now);
    node.replication = replication_of(node, readings, before, now);
    node.is_live = is_live_of(node.id, witnesses);
    node.liveness = judge_liveness(node.id, witnesses, selves.at(node.id), node.process.state,
                                   memory.time_until_store_dead);
    carry_on(node.liveness, before, node.version, memory.time_after_store_suspect, now);
    fill_counts(node, readings, witnesses, memory.directory, now);
    node.probe = probe_of(node.id, readings, now);
    fill_stores(node, readings, now);
  }
  return nodes;
}

/// Settings of the cluster, as long as nobody can be asked.
void remember_settings(Memory& memory, const Readings& readings) {
  if (readings.placement && readings.placement->part &&
      readings.placement->part->time_until_store_dead) {
    memory.time_until_store_dead = *readings.placement->part->time_until_store_dead;
  }
  if (!readings.kv_status || !readings.kv_status->part) return;
  const auto& told = *readings.kv_status->part;
  if (told.time_until_store_dead) memory.time_until_store_dead = *told.time_until_store_dead;
  if (told.time_after_store_suspect) {
    memory.time_after_store_suspect = *told.time_after_store_suspect;
  }
}

/// Empty: nobody can know.
std::optional<std::int64_t> underreplicated(const VerdictInput& input,
                                            const std::vector<NodeView>& nodes) {
  if (input.quorum) {
    // Those of the nodes that are surely down are at least so many; none is no such number.
    const bool sure = input.computed.valid && input.underreplicated_known;
    if (sure || input.quorum->underreplicated > 0) return input.quorum->underreplicated;
    return std::nullopt;
  }
  if (!input.native.valid) return std::nullopt;
  std::int64_t sum = 0;
  for (const auto& node : nodes) {
    if (node.replication.valid) sum += node.replication.ranges_underreplicated.value_or(0);
  }
  return sum;
}

/// Whether replicas lie on a store is told by the descriptors alone.
void forget_lost_stores(VerdictInput& input, Memory& memory, std::vector<NodeView>& nodes) {
  input.lost_stores.clear();
  memory.lost_stores.clear();
  for (auto& node : nodes) node.stores_missing.reset();
}

}  // namespace

Assembled assemble(const Readings& readings, Memory memory, const Seeds& seeds, WallTime now) {
  memory.directory = learn(std::move(memory.directory), readings);
  remember_settings(memory, readings);
  const auto* previous = memory.previous.get();
  ClusterSnapshot snapshot;
  snapshot.at = now;
  std::vector<Witness> witnesses;
  snapshot.nodes = observe_nodes(readings, memory, now, witnesses);
  describe_cluster(snapshot, readings, previous);
  fill_connectivity(snapshot, readings, previous);

  auto input = count_nodes(snapshot.nodes, readings, memory, seeds, now);
  input.confirmed = any_valid(witnesses) ||
                    std::any_of(snapshot.nodes.begin(), snapshot.nodes.end(),
                                [](const NodeView& node) { return node.process.ready == true; });
  input.anything_read = !snapshot.nodes.empty() || readings.process.has_value();
  if (readings.process && readings.process->reads == 0 && snapshot.nodes.empty()) {
    input.anything_read = false;
  }
  input.native = native_opinion(snapshot.nodes, input);
  input.denied = !input.confirmed && is_denied(snapshot.nodes, witnesses, readings, now);
  const auto& stores = memory.directory.stores;
  memory.lost_stores = find_lost_stores(snapshot.nodes, readings, stores, memory.lost_stores, now);
  const auto owners = owners_left(stores, memory.lost_stores, now);
  input.lost_stores = words_of_lost(stores, memory.lost_stores, now);
  auto departures = follow_departures(memory.departures, readings, snapshot.nodes, now);
  const bool descriptors_wanted = any_left(memory.departures, departures);
  memory.departures = std::move(departures);
  weigh_quorum(input, readings, memory, owners, snapshot.nodes);
  const bool outlived = memory.old_descriptors.outlived;
  if (outlived) forget_lost_stores(input, memory, snapshot.nodes);
  input.computed = computed_opinion(input, readings, memory);
  input.probe = probe_opinion(readings, input.computed, now);

  weigh_gauges(input, memory.native_more_since, previous);

  if (readings.placement && readings.placement->part && !outlived) {
    snapshot.ranges_total = readings.placement->part->ranges;
  }
  snapshot.ranges_underreplicated = underreplicated(input, snapshot.nodes);
  input.underreplicated = snapshot.ranges_underreplicated;
  input.cuts = snapshot.connectivity.sentence;
  snapshot.verdict = judge(input, previous == nullptr ? nullptr : &previous->verdict);
  snapshot.ranges_unavailable = worst_valid(input.native, input.computed, input.probe);
  snapshot.cluster.nodes_expected = input.expected;
  snapshot.cluster.nodes_up = input.up_told;
  add_sources(snapshot, readings);
  add_faults(snapshot, readings);
  if (readings.probe && readings.probe->part) snapshot.ledger = readings.probe->part->ledger;
  auto basis = basis_of(readings, owners, snapshot.nodes, input);
  return {std::move(snapshot), std::move(memory), std::move(basis), descriptors_wanted};
}

}  // namespace faultline::observe
