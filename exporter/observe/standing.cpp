#include "exporter/observe/standing.hpp"

#include <algorithm>

#include "exporter/observe/liveness_state.hpp"

namespace faultline::observe {

namespace {

bool is_held_down(const NodeView& node) {
  switch (node.container.state) {
    case ContainerState::created:
    case ContainerState::paused:
    case ContainerState::exited:
    case ContainerState::removed: return true;
    case ContainerState::running:
    case ContainerState::restarting:
    case ContainerState::unknown: return false;
  }
  return false;
}

}  // namespace

bool answers(const NodeView& node) {
  return node.process.state == ProcessState::reachable && !is_held_down(node);
}

bool is_up(const NodeView& node) {
  if (is_held_down(node)) return false;
  const bool suspect = node.liveness.state == Liveness::suspect && !is_back(node.liveness);
  const bool denied = node.liveness.witness && (suspect || node.liveness.state == Liveness::dead);
  if (denied || node.liveness.state == Liveness::decommissioned) return false;
  if (node.process.state == ProcessState::reachable) return true;
  // The probe is off: then the witnesses alone decide.
  return node.process.state == ProcessState::unknown && node.is_live == true;
}

bool may_be_up(const NodeView& node) {
  const bool process =
      node.process.state == ProcessState::reachable || node.process.state == ProcessState::unknown;
  return process && !is_held_down(node) && node.liveness.state != Liveness::decommissioned;
}

bool anybody_answers(const ClusterSnapshot& snapshot) {
  // Addresses stand for nodes then, and one that answers counts as up.
  if (snapshot.nodes.empty()) return snapshot.cluster.nodes_up > 0;
  return std::any_of(snapshot.nodes.begin(), snapshot.nodes.end(),
                     [](const NodeView& node) { return answers(node) || is_up(node); });
}

bool is_expected(const NodeView& node) { return node.liveness.state != Liveness::decommissioned; }

}  // namespace faultline::observe
