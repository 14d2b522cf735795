#include "exporter/observe/diff.hpp"

#include <algorithm>
#include <string>

#include "common/base/ensure.hpp"
#include "exporter/observe/cause.hpp"
#include "exporter/observe/liveness_state.hpp"

namespace faultline::observe {

namespace {

std::string name_of(NodeId id) { return "n" + std::to_string(id.value); }

std::string with_reason(std::string sentence, const std::string& reason) {
  return reason.empty() ? sentence : sentence + ": " + reason;
}

/// Collects events of one step.
class Story {
 public:
  explicit Story(const ClusterSnapshot& after) : after_(after) {}

  void tell(EventKind kind, Severity severity, std::optional<NodeId> node,
            std::optional<FaultId> fault, std::string sentence) {
    auto cause = fault && kind != EventKind::fault ? words(*fault) : std::string{};
    events.push_back({0, after_.at, kind, severity, node, std::move(fault), std::move(sentence),
                      std::move(cause)});
  }

  /// The fault that explains what happens to the node, or to the cluster.
  [[nodiscard]] std::optional<FaultId> cause(NodeId id) const {
    return id_of(fault_behind(after_, id));
  }
  [[nodiscard]] std::optional<FaultId> only_cause() const { return id_of(only_fault(after_)); }

  std::vector<ClusterEvent> events;

 private:
  static std::optional<FaultId> id_of(const FaultView* fault) {
    return fault == nullptr ? std::nullopt : std::optional{fault->id};
  }
  [[nodiscard]] std::string words(const FaultId& id) const {
    for (const auto& fault : after_.faults) {
      if (fault.id == id) return words_of(fault);
    }
    return {};
  }

  const ClusterSnapshot& after_;
};

Severity severity_of(ContainerState state) {
  return state == ContainerState::running || state == ContainerState::created ? Severity::info
                                                                              : Severity::warning;
}

Severity severity_of(Liveness state) {
  if (state == Liveness::dead) return Severity::critical;
  return state == Liveness::suspect ? Severity::warning : Severity::info;
}

Severity severity_of(VerdictState state) {
  switch (state) {
    case VerdictState::unavailable:
    case VerdictState::unreachable: return Severity::critical;
    case VerdictState::degraded:
    case VerdictState::settling: return Severity::warning;
    case VerdictState::available:
    case VerdictState::unknown: return Severity::info;
  }
  FAULTLINE_ENSURE(false, "every verdict has its severity");
}

void tell_node(Story& story, const NodeView& before, const NodeView& after) {
  const auto name = name_of(after.id);
  // To or from unknown is about the source, which has its own event.
  const bool container_known = before.container.state != ContainerState::unknown &&
                               after.container.state != ContainerState::unknown;
  if (container_known && before.container.state != after.container.state) {
    story.tell(EventKind::container_state, severity_of(after.container.state), after.id,
               story.cause(after.id),
               name + " container " + std::string{to_string(after.container.state)});
  }
  const bool process_known =
      before.process.state != ProcessState::unknown && after.process.state != ProcessState::unknown;
  if (process_known && before.process.state != after.process.state) {
    const bool well = after.process.state == ProcessState::reachable;
    story.tell(EventKind::process_state, well ? Severity::info : Severity::warning, after.id,
               story.cause(after.id),
               with_reason(name + " process " + std::string{to_string(after.process.state)},
                           after.process.reason));
  }
  const bool liveness_known =
      before.liveness.state != Liveness::unknown && after.liveness.state != Liveness::unknown;
  if (is_back(after.liveness) && !is_back(before.liveness)) {
    story.tell(EventKind::liveness_state, Severity::info, after.id, story.cause(after.id),
               with_reason(name + " is suspect", after.liveness.reason));
  } else if (liveness_known && before.liveness.state != after.liveness.state) {
    story.tell(EventKind::liveness_state, severity_of(after.liveness.state), after.id,
               story.cause(after.id),
               with_reason(name + " is " + std::string{to_string(after.liveness.state)},
                           after.liveness.reason));
  }
}

void tell_connectivity(Story& story, const ClusterSnapshot& before, const ClusterSnapshot& after) {
  const auto& told = after.connectivity.sentence;
  if (before.connectivity.sentence == told) return;
  // What can no longer be told for sure is not mended.
  const bool mended = after.connectivity.valid && after.connectivity.cuts.empty();
  if (told.empty() && !mended) return;
  story.tell(EventKind::connectivity, told.empty() ? Severity::info : Severity::warning, {},
             story.only_cause(), told.empty() ? "All nodes can see each other again" : told);
}

/// Two gateways that have said different things for longer than it takes to read both.
bool disagree(const NodeView& node, WallTime at) {
  constexpr milliseconds kPassing{3'000};
  return node.liveness.disagreement_since && at - *node.liveness.disagreement_since >= kPassing;
}

void tell_disagreement(Story& story, const ClusterSnapshot& before, const ClusterSnapshot& after) {
  for (const auto& node : after.nodes) {
    const auto old = std::find_if(before.nodes.begin(), before.nodes.end(),
                                  [&](const NodeView& item) { return item.id == node.id; });
    if (old == before.nodes.end()) continue;
    const bool now = disagree(node, after.at);
    // Without a witness there is nobody left to agree.
    if (now == disagree(*old, before.at) || (!now && !node.liveness.witness)) continue;
    story.tell(
        EventKind::disagreement, now ? Severity::warning : Severity::info, node.id,
        story.cause(node.id),
        now ? "The gateways disagree on " + name_of(node.id) + ": " + node.liveness.disagreement
            : "The gateways agree on " + name_of(node.id) + " again");
  }
}

/// Leases that left a node that others could take them from, with who has more now.
void tell_leases(Story& story, const ClusterSnapshot& before, const ClusterSnapshot& after) {
  for (const auto& node : after.nodes) {
    const auto old = std::find_if(before.nodes.begin(), before.nodes.end(),
                                  [&](const NodeView& item) { return item.id == node.id; });
    if (old == before.nodes.end() || !old->leader_ranges || !node.leader_ranges) continue;
    const bool all_gone = *old->leader_ranges > 0 && *node.leader_ranges == 0;
    if (!all_gone) continue;
    const auto count = *old->leader_ranges;
    story.tell(EventKind::leases_moved, Severity::info, node.id, story.cause(node.id),
               name_of(node.id) + " holds no leases any more; it had " + std::to_string(count));
  }
}

void tell_membership(Story& story, const ClusterSnapshot& before, const ClusterSnapshot& after) {
  const auto has = [](const ClusterSnapshot& snapshot, NodeId id) {
    return std::any_of(snapshot.nodes.begin(), snapshot.nodes.end(),
                       [&](const NodeView& node) { return node.id == id; });
  };
  if (before.nodes.empty()) return;  // The first inventory is no news.
  for (const auto& node : after.nodes) {
    if (has(before, node.id)) continue;
    story.tell(EventKind::node_joined, Severity::info, node.id, {},
               name_of(node.id) + " joined" + (node.address.empty() ? "" : " at " + node.address));
  }
  for (const auto& node : before.nodes) {
    if (has(after, node.id)) continue;
    story.tell(EventKind::node_removed, Severity::info, node.id, {},
               name_of(node.id) + " left the cluster");
  }
}

std::string fault_name(const FaultView& fault) {
  return std::string{to_string(fault.kind)} + " of " + fault.target +
         (fault.node_id ? " (" + name_of(*fault.node_id) + ")" : "");
}

void tell_faults(Story& story, const ClusterSnapshot& before, const ClusterSnapshot& after) {
  for (const auto& fault : after.faults) {
    const auto old = std::find_if(before.faults.begin(), before.faults.end(),
                                  [&](const FaultView& item) { return item.id == fault.id; });
    const bool is_new = old == before.faults.end();
    if (is_new || old->state != fault.state) {
      const bool bad =
          fault.state == FaultState::failed || fault.state == FaultState::revert_failed;
      story.tell(
          EventKind::fault, bad ? Severity::critical : Severity::info, fault.node_id, fault.id,
          with_reason("Fault " + fault_name(fault) + " is " + std::string{to_string(fault.state)},
                      fault.reason));
    }
    if (fault.overdue && (is_new || !old->overdue)) {
      story.tell(EventKind::fault, Severity::critical, fault.node_id, fault.id,
                 "Fault " + fault_name(fault) + " is past its deadline and not undone");
    }
  }
}

void tell_sources(Story& story, const ClusterSnapshot& before, const ClusterSnapshot& after) {
  for (const auto& source : after.sources) {
    const auto old =
        std::find_if(before.sources.begin(), before.sources.end(),
                     [&](const SourceHealth& item) { return item.name == source.name; });
    if (old == before.sources.end() || old->stale == source.stale) continue;
    // Not each failed read: a source is news when what it said has grown too old.
    if (source.stale) {
      story.tell(EventKind::source, Severity::warning, {}, {},
                 with_reason("Source " + source.name + " has nothing recent", source.error));
    } else if (old->read_at) {  // The first read of all is no news.
      story.tell(EventKind::source, Severity::info, {}, {},
                 "Source " + source.name + " is up to date");
    }
  }
}

}  // namespace

std::vector<ClusterEvent> diff(const ClusterSnapshot* before, const ClusterSnapshot& after) {
  if (before == nullptr) return {};
  Story story{after};
  tell_faults(story, *before, after);
  tell_membership(story, *before, after);
  for (const auto& node : after.nodes) {
    const auto old = std::find_if(before->nodes.begin(), before->nodes.end(),
                                  [&](const NodeView& item) { return item.id == node.id; });
    if (old != before->nodes.end()) tell_node(story, *old, node);
  }
  tell_disagreement(story, *before, after);
  tell_leases(story, *before, after);
  tell_connectivity(story, *before, after);
  if (before->verdict.state != after.verdict.state) {
    story.tell(EventKind::verdict, severity_of(after.verdict.state), {}, story.only_cause(),
               after.verdict.sentence);
  }
  tell_sources(story, *before, after);
  return std::move(story.events);
}

}  // namespace faultline::observe
