#include "exporter/observe/node_parts.hpp"

#include <algorithm>

#include "exporter/observe/liveness_state.hpp"

namespace faultline::observe {

namespace {

std::string host_of(const std::string& address) { return address.substr(0, address.rfind(':')); }

bool names(const TargetView& target, const std::string& address) {
  return !address.empty() && std::find(target.addresses.begin(), target.addresses.end(), address) !=
                                 target.addresses.end();
}

template <class Part>
WallTime read_at(const std::optional<poll::Reading<Part>>& reading) {
  return *reading->health.read_at;
}

/// Replicas that vote on the node's stores by the descriptors; empty: those are too old, or
/// nobody knows a store of the node.
std::optional<std::int64_t> replicas_placed(NodeId id, const Readings& readings,
                                            const Directory& directory, WallTime now) {
  const auto* part = fresh(readings.placement, now, placement_age_max(readings));
  if (part == nullptr) return std::nullopt;
  const auto is_on = [&](StoreId store) {
    const auto owner = directory.stores.find(store);
    return owner != directory.stores.end() && owner->second == id;
  };
  if (std::none_of(directory.stores.begin(), directory.stores.end(),
                   [&](const auto& store) { return store.second == id; })) {
    return std::nullopt;
  }
  std::int64_t replicas = 0;
  for (const auto& group : part->groups) {
    const auto here = std::count_if(group.voters.begin(), group.voters.end(), is_on) +
                      std::count_if(group.outgoing.begin(), group.outgoing.end(), is_on);
    replicas += here * group.ranges;
  }
  return replicas;
}

/// A witness's record of it holds: the cluster counts on it.
bool is_counted_on(NodeId id, const Readings& readings) {
  for (const auto* reading : {&readings.gossip, &readings.second_gossip}) {
    if (!*reading || !(*reading)->part) continue;
    const auto& view = *(*reading)->part;
    const auto* row = row_of(view, id);
    if (row != nullptr && row->expires_at > view.database_now) return true;
  }
  return false;
}

bool is_silent(const NodeProcess& process) {
  return process.state == ProcessState::unreachable || process.state == ProcessState::unresponsive;
}

/// Of a node that nobody dials.
NodeProcess not_probed(NodeId id, const Readings& readings, const Directory& directory,
                       const NodeView* before) {
  NodeProcess process;
  if (before != nullptr) process.since = before->process.since;
  process.reason = "not probed yet";
  if (const auto other = directory.replaced_by.find(id); other != directory.replaced_by.end()) {
    process.reason = "at its address is n" + std::to_string(other->second.value) + " now";
    // While the cluster counts on it, it is somewhere else, where we do not know.
    if (is_counted_on(id, readings)) return process;
    process.state = ProcessState::unreachable;
    process.read_at = read_at(readings.process);
  } else if (before != nullptr && before->liveness.state == Liveness::decommissioned &&
             is_silent(before->process)) {
    process = before->process;
    process.reason = "it did not answer, and is not asked any more: it has left the cluster";
  }
  return process;
}

}  // namespace

void fill_description(NodeView& node, const Readings& readings, const Directory& directory,
                      const NodeView* before) {
  if (before != nullptr) {
    node.address = before->address;
    node.sql_address = before->sql_address;
    node.locality = before->locality;
    node.version = before->version;
    node.started_at = before->started_at;
  }
  if (readings.metrics && readings.metrics->part) {
    for (const auto& page : readings.metrics->part->pages) {
      if (!page.vars || page.vars->node_id != node.id) continue;
      if (!page.vars->advertise_address.empty()) node.address = page.vars->advertise_address;
      if (!page.vars->sql_address.empty()) node.sql_address = page.vars->sql_address;
    }
  }
  for (const auto* reading : {&readings.second_gossip, &readings.gossip}) {
    const auto* row = *reading && (*reading)->part ? row_of(*(*reading)->part, node.id) : nullptr;
    if (row == nullptr) continue;
    if (row->address) node.address = *row->address;
    if (row->sql_address) node.sql_address = *row->sql_address;
    if (row->locality) node.locality = *row->locality;
    if (row->build_tag) node.version = *row->build_tag;
    if (row->started_at) node.started_at = row->started_at;
  }
  if (const auto http = directory.http_dial.find(node.id); http != directory.http_dial.end()) {
    node.http_address = http->second;
  }
}

NodeProcess process_of(NodeId id, const Readings& readings, const Directory& directory,
                       const NodeView* before, WallTime now) {
  NodeProcess process;
  if (before != nullptr) process.since = before->process.since;
  const auto* part = fresh(readings.process, now, kProcessAgeMax);
  if (part == nullptr) {
    process.reason = readings.process ? "not probed lately" : "the process probe is off";
  } else {
    const auto sql = directory.sql_dial.find(id);
    const auto http = directory.http_dial.find(id);
    const auto probe =
        std::find_if(part->probes.begin(), part->probes.end(), [&](const auto& candidate) {
          const bool same_sql = sql != directory.sql_dial.end() && candidate.sql == sql->second;
          const bool same_http =
              http != directory.http_dial.end() && candidate.http == http->second;
          return same_sql || (candidate.sql.empty() && same_http);
        });
    if (probe == part->probes.end()) {
      process = not_probed(id, readings, directory, before);
    } else {
      process.state = probe->state;
      process.reason = probe->reason;
      process.ready = probe->ready;
      process.read_at = read_at(readings.process);
    }
  }
  if (before == nullptr || before->process.state != process.state) process.since = now;
  return process;
}

const TargetView* target_of(const NodeView& node, const std::vector<NodeView>& nodes,
                            const std::vector<TargetView>& targets) {
  for (const auto& target : targets) {
    if (target.node_id == node.id) return &target;
  }
  for (const auto& target : targets) {
    if (target.node_id) continue;
    if (names(target, node.address) || names(target, node.sql_address)) return &target;
  }
  const auto host = host_of(node.address);
  const auto sharing = std::count_if(nodes.begin(), nodes.end(), [&](const NodeView& other) {
    return host_of(other.address) == host;
  });
  if (sharing != 1) return nullptr;
  for (const auto& target : targets) {
    if (!target.node_id && names(target, host)) return &target;
  }
  return nullptr;
}

NodeContainer container_of(const NodeView& node, const std::vector<NodeView>& nodes,
                           const Readings& readings, WallTime now) {
  NodeContainer container;
  if (!readings.containers || !readings.containers->part) return container;
  const auto* target = target_of(node, nodes, readings.containers->part->targets);
  if (target == nullptr) return container;
  container.id = target->container_id;
  container.name = target->name;
  container.since = target->state_since;
  container.read_at = readings.containers->health.read_at;
  if (fresh(readings.containers, now, kContainersAgeMax) != nullptr) {
    container.state = target->state;
  }
  return container;
}

const sources::NodeMetrics* page_of(NodeId id, const Readings& readings, WallTime now) {
  const auto* part = fresh(readings.metrics, now, kMetricsAgeMax);
  if (part == nullptr) return nullptr;
  for (const auto& page : part->pages) {
    const bool young = now - page.read_at <= kMetricsAgeMax;
    if (page.vars && page.vars->node_id == id && young) return &page;
  }
  return nullptr;
}

NodeReplication replication_of(const NodeView& node, const Readings& readings,
                               const NodeView* before, WallTime now) {
  NodeReplication replication;
  if (before != nullptr) replication = before->replication;
  replication.valid = false;
  const auto* page = page_of(node.id, readings, now);
  if (page != nullptr) {
    replication.live_nodes = page->vars->live_nodes;
    replication.ranges_counted = page->vars->ranges;
    replication.ranges_unavailable = page->vars->ranges_unavailable;
    replication.ranges_underreplicated = page->vars->ranges_underreplicated;
    replication.read_at = page->read_at;
  }
  const auto& process = node.process.state;
  if (process == ProcessState::unreachable || process == ProcessState::unresponsive) {
    replication.reason = "the node does not answer";
  } else if (page == nullptr) {
    replication.reason = replication.read_at ? "its metrics are too old" : "never read";
  } else if (replication.live_nodes == 0) {
    replication.reason = "it counts no live node, so its other gauges are zero by construction";
  } else if (node.process.ready == false) {
    replication.reason = "it is not ready: not live in its own eyes, or draining";
  } else {
    replication.valid = true;
    replication.reason.clear();
  }
  return replication;
}

void fill_stores(NodeView& node, const Readings& readings, WallTime now) {
  const auto* part = fresh(readings.kv_status, now, kKvStatusAgeMax);
  if (part == nullptr) return;
  std::vector<StoreView> stores;
  std::int64_t ranges = 0;
  std::int64_t leases = 0;
  for (const auto& store : part->stores) {
    if (store.node != node.id) continue;
    stores.push_back({store.store, store.ranges, store.leases, store.capacity_bytes,
                      store.available_bytes, store.used_bytes});
    ranges += store.ranges;
    leases += store.leases;
  }
  if (stores.empty()) return;
  std::sort(stores.begin(), stores.end(),
            [](const StoreView& a, const StoreView& b) { return a.id < b.id; });
  node.stores = std::move(stores);
  // Leases move within seconds: older than the gauges may be they are nobody's any more.
  if (fresh(readings.kv_status, now, kMetricsAgeMax) == nullptr) return;
  if (!node.ranges) node.ranges = ranges;
  if (!node.leader_ranges) node.leader_ranges = leases;
}

void fill_counts(NodeView& node, const Readings& readings, const std::vector<Witness>& witnesses,
                 const Directory& directory, WallTime now) {
  const bool not_live = node.liveness.state == Liveness::dead ||
                        (node.liveness.state == Liveness::suspect && !is_back(node.liveness));
  for (const auto& witness : witnesses) {
    const auto* row = witness.valid ? row_of(*witness.view, node.id) : nullptr;
    if (row == nullptr) continue;
    // Gossip forgets a dead node's stores after two minutes; its replicas are still there.
    const bool forgotten = not_live && row->ranges == 0;
    if (!node.ranges && row->ranges && !forgotten) node.ranges = row->ranges;
    if (!node.leader_ranges && row->leases) node.leader_ranges = row->leases;
  }
  if (const auto* page = page_of(node.id, readings, now);
      page != nullptr && node.replication.valid) {
    // Gossip is up to a minute behind the node's own gauges.
    if (page->vars->replicas) node.ranges = page->vars->replicas;
    if (page->vars->leaseholders) node.leader_ranges = page->vars->leaseholders;
  }
  if (!not_live) return;
  if (!node.ranges) node.ranges = replicas_placed(node.id, readings, directory, now);
  // A lease needs a liveness record that holds.
  const bool expired = node.liveness.expires_at && node.liveness.read_at && node.liveness.witness &&
                       *node.liveness.expires_at <= now;
  if (expired) node.leader_ranges = 0;
}

}  // namespace faultline::observe
