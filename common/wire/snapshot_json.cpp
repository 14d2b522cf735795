#include "common/wire/snapshot_json.hpp"

#include "common/wire/chaos_json.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::wire {

using nlohmann::json;

namespace {

json to_json(const NodeLiveness& liveness) {
  return {
      {"state", to_string(liveness.state)},
      {"reason", liveness.reason},
      {"since_ms", or_null(liveness.since)},
      {"next_state", liveness.next_state ? json(to_string(*liveness.next_state)) : json(nullptr)},
      {"next_at_ms", or_null(liveness.next_at)},
      {"epoch", or_null(liveness.epoch)},
      {"expires_at_ms", or_null(liveness.expires_at)},
      {"witness_node_id", or_null(liveness.witness)},
      {"read_at_ms", or_null(liveness.read_at)},
      {"disagreement", liveness.disagreement},
      {"disagreement_since_ms", or_null(liveness.disagreement_since)}};
}

json to_json(const NodeProcess& process) {
  return {{"state", to_string(process.state)},
          {"reason", process.reason},
          {"ready", or_null(process.ready)},
          {"since_ms", or_null(process.since)},
          {"read_at_ms", or_null(process.read_at)}};
}

json to_json(const NodeContainer& container) {
  return {{"state", to_string(container.state)},
          {"name", or_null(container.name)},
          {"since_ms", or_null(container.since)},
          {"read_at_ms", or_null(container.read_at)}};
}

json to_json(const NodeReplication& replication) {
  return {{"valid", replication.valid},
          {"reason", replication.reason},
          {"live_nodes", or_null(replication.live_nodes)},
          {"ranges_counted", or_null(replication.ranges_counted)},
          {"ranges_unavailable", or_null(replication.ranges_unavailable)},
          {"ranges_underreplicated", or_null(replication.ranges_underreplicated)},
          {"read_at_ms", or_null(replication.read_at)}};
}

json to_json(const NodeProbe& probe) {
  json object{{"valid", probe.valid},
              {"reason", probe.reason},
              {"failing_since_ms", or_null(probe.failing_since)},
              {"read_at_ms", or_null(probe.read_at)}};
  for (const auto operation :
       {ProbeOperation::select, ProbeOperation::write, ProbeOperation::read}) {
    const auto& stats = probe.of(operation);
    const std::string name{to_string(operation)};
    object[name + "_ok"] = or_null(stats.ok);
    object[name + "_ms"] =
        stats.took ? json(static_cast<double>(stats.took->count()) / 1000.0) : json(nullptr);
  }
  return object;
}

json to_json(const std::optional<LedgerCounts>& counts) {
  const auto number = [&](std::int64_t LedgerCounts::*member) {
    return counts ? json((*counts).*member) : json(nullptr);
  };
  return {{"on", counts.has_value()},
          {"acknowledged", number(&LedgerCounts::acknowledged)},
          {"refused", number(&LedgerCounts::refused)},
          {"ambiguous", number(&LedgerCounts::ambiguous)},
          {"landed", number(&LedgerCounts::landed)},
          {"absent", number(&LedgerCounts::absent)},
          {"unresolved", number(&LedgerCounts::unresolved)},
          {"lost", number(&LedgerCounts::lost)},
          {"phantom", number(&LedgerCounts::phantom)}};
}

json to_json(const Opinion& opinion) {
  return {{"valid", opinion.valid},
          {"ranges_unavailable", or_null(opinion.ranges_unavailable)},
          {"reason", opinion.reason},
          {"read_at_ms", or_null(opinion.read_at)}};
}

json to_json(const Verdict& verdict) {
  return {{"state", to_string(verdict.state)}, {"sentence", verdict.sentence},
          {"since_ms", to_ms(verdict.since)},  {"can_lose_nodes", or_null(verdict.can_lose_nodes)},
          {"native", to_json(verdict.native)}, {"computed", to_json(verdict.computed)},
          {"probe", to_json(verdict.probe)}};
}

json to_json(const ClusterInfo& cluster) {
  return {{"cluster_id", or_null(cluster.cluster_id)},
          {"version", or_null(cluster.version)},
          {"simulated", cluster.simulated},
          {"nodes_expected", cluster.nodes_expected},
          {"nodes_up", cluster.nodes_up}};
}

json to_json(const SourceHealth& source) {
  return {{"name", source.name},
          {"ok", source.ok},
          {"error", source.error},
          {"gateway", or_null(source.gateway)},
          {"read_at_ms", or_null(source.read_at)},
          {"took_ms", or_null(source.took_ms)},
          {"stale", source.stale},
          {"off", source.off}};
}

json to_json(const StoreView& store) {
  return {{"store_id", store.id.value},
          {"ranges", store.ranges},
          {"leases", store.leases},
          {"capacity_bytes", store.capacity_bytes},
          {"available_bytes", store.available_bytes},
          {"used_bytes", store.used_bytes}};
}

json to_json(const PeerLink& link) {
  return {{"node_id", link.peer.value},
          {"state", to_string(link.state)},
          {"latency_ms", or_null(link.latency_ms)}};
}

json to_json(const Cut& cut) {
  return {{"nodes", {cut.a.value, cut.b.value}}, {"since_ms", to_ms(cut.since)}};
}

template <class Item, class Write>
json list(const std::vector<Item>& items, Write write) {
  json array = json::array();
  for (const Item& item : items) array.push_back(write(item));
  return array;
}

json to_json(const NodeConnectivity& connectivity) {
  const auto link = [](const PeerLink& item) { return to_json(item); };
  return {{"peers_lost", or_null(connectivity.peers_lost)},
          {"peers", list(connectivity.peers, link)},
          {"source", connectivity.source},
          {"read_at_ms", or_null(connectivity.read_at)}};
}

json to_json(const Connectivity& connectivity) {
  const auto cut = [](const Cut& item) { return to_json(item); };
  return {{"valid", connectivity.valid},
          {"reason", connectivity.reason},
          {"cuts", list(connectivity.cuts, cut)},
          {"sentence", connectivity.sentence}};
}

}  // namespace

json to_json(const NodeView& node) {
  const auto store = [](const StoreView& item) { return to_json(item); };
  return {{"node_id", node.id.value},
          {"address", node.address},
          {"sql_address", node.sql_address},
          {"http_address", or_null(node.http_address)},
          {"locality", node.locality},
          {"version", node.version},
          {"started_at_ms", or_null(node.started_at)},
          {"is_live", or_null(node.is_live)},
          {"ranges", or_null(node.ranges)},
          {"leader_ranges", or_null(node.leader_ranges)},
          {"container_id", or_null(node.container.id)},
          {"container_state", to_string(node.container.state)},
          {"liveness", to_json(node.liveness)},
          {"process", to_json(node.process)},
          {"container", to_json(node.container)},
          {"replication", to_json(node.replication)},
          {"probe", to_json(node.probe)},
          {"connectivity", to_json(node.connectivity)},
          {"stores", node.stores ? list(*node.stores, store) : json(nullptr)}};
}

json to_json(const ClusterSnapshot& snapshot) {
  const auto node = [](const NodeView& item) { return to_json(item); };
  const auto source = [](const SourceHealth& item) { return to_json(item); };
  const auto fault = [](const FaultView& item) { return to_json(item); };
  const auto target = [](const TargetView& item) { return to_json(item); };
  return {{"v", 1},
          {"boot", snapshot.boot},
          {"seq", snapshot.seq},
          {"timestamp", to_ms(snapshot.at)},
          {"cluster", to_json(snapshot.cluster)},
          {"verdict", to_json(snapshot.verdict)},
          {"ranges_total", or_null(snapshot.ranges_total)},
          {"ranges_unavailable", or_null(snapshot.ranges_unavailable)},
          {"ranges_underreplicated", or_null(snapshot.ranges_underreplicated)},
          {"nodes", list(snapshot.nodes, node)},
          {"connectivity", to_json(snapshot.connectivity)},
          {"sources", list(snapshot.sources, source)},
          {"faults", list(snapshot.faults, fault)},
          {"targets", list(snapshot.targets, target)},
          {"ledger", to_json(snapshot.ledger)}};
}

json to_json(const ClusterEvent& event) {
  return {{"id", event.id},
          {"at_ms", to_ms(event.at)},
          {"kind", to_string(event.kind)},
          {"severity", to_string(event.severity)},
          {"node_id", or_null(event.node_id)},
          {"fault_id", event.fault_id ? json(event.fault_id->value) : json(nullptr)},
          {"sentence", event.sentence},
          {"cause", event.cause},
          {"cause_id", or_null(event.cause_id)}};
}

}  // namespace faultline::wire
