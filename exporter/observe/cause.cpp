#include "exporter/observe/cause.hpp"

namespace faultline::observe {

namespace {

constexpr milliseconds kComingBackTakes{60'000};

/// Whether a container's state may explain an event of this kind.
bool is_of_node(EventKind kind) {
  switch (kind) {
    case EventKind::process_state:
    case EventKind::liveness_state:
    case EventKind::leases_moved:
    case EventKind::disagreement: return true;
    case EventKind::container_state:
    case EventKind::verdict:
    case EventKind::fault:
    case EventKind::source:
    case EventKind::node_joined:
    case EventKind::node_removed:
    case EventKind::replica_change:
    case EventKind::range_change:
    case EventKind::node_log:
    case EventKind::connectivity: return false;
  }
  return false;
}

bool is_bad(const ClusterEvent& event) {
  return event.severity != Severity::info || event.kind == EventKind::leases_moved;
}

bool explains(const ClusterEvent& before, const ClusterEvent& event) {
  if (is_bad(before) != is_bad(event) || event.at < before.at) return false;
  return is_bad(event) || event.at - before.at <= kComingBackTakes;
}

bool lasting(const FaultView& fault, WallTime now) {
  constexpr milliseconds kEffectsLast{15'000};
  return is_open(fault.state) || (fault.ended_at && now - *fault.ended_at <= kEffectsLast);
}

}  // namespace

const FaultView* fault_behind(const ClusterSnapshot& snapshot, NodeId id) {
  const FaultView* found = nullptr;
  for (const auto& fault : snapshot.faults) {
    if (fault.node_id != id || !lasting(fault, snapshot.at)) continue;
    if (found == nullptr || found->created_at < fault.created_at) found = &fault;
  }
  return found;
}

const FaultView* only_fault(const ClusterSnapshot& snapshot) {
  const FaultView* found = nullptr;
  for (const auto& fault : snapshot.faults) {
    if (!lasting(fault, snapshot.at)) continue;
    if (found != nullptr) return nullptr;
    found = &fault;
  }
  return found;
}

std::string words_of(const FaultView& fault) {
  return std::string{to_string(fault.kind)} + " of " + fault.target;
}

void link_causes(std::vector<ClusterEvent>& events, ContainerNews& news) {
  for (auto& event : events) {
    if (!event.node_id) continue;
    if (event.kind == EventKind::container_state) {
      news.insert_or_assign(*event.node_id, event);
      continue;
    }
    const auto before = news.find(*event.node_id);
    if (before == news.end() || !is_of_node(event.kind) || !explains(before->second, event)) {
      continue;
    }
    event.cause_id = before->second.id;
    // The fault behind both says more than the container.
    if (event.cause.empty()) event.cause = before->second.sentence;
    if (!event.fault_id) event.fault_id = before->second.fault_id;
  }
}

}  // namespace faultline::observe
