#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/service/impact.hpp"
#include "common/cluster/states.hpp"

namespace faultline::chaos {

/// What may go wrong beyond what is meant. Spelled as on the wire.
enum class Risk { lease_loss, under_replication, quorum_loss, majority_of_nodes, unknown_impact };

enum class GuardVerdict { allow, needs_acceptance, refuse };

/// How the guard treats a plan that needs acceptance and has none.
enum class GuardMode {
  off,      ///< Nothing is asked of the exporter before a fault.
  warn,     ///< It is injected, and the plan written down with it.
  enforce,  ///< It is refused.
};

[[nodiscard]] std::string_view to_string(Risk risk);
[[nodiscard]] std::string_view to_string(GuardVerdict verdict);
[[nodiscard]] std::string_view to_string(GuardMode mode);

struct PlannedTarget {
  FaultKind kind = FaultKind::stop;
  std::string name;
  std::string id;
  std::optional<NodeId> node_id;
  ContainerState state = ContainerState::unknown;
  std::string obstacle;      ///< Why nothing can be done to it now; empty: nothing is in the way.
  std::string details = {};  ///< What else tells two faults of a kind apart; part of the hash.
  std::vector<NodeId> cut_from = {};  ///< Of a partition, sorted; empty when one is not known.
};

struct PlannedRisk {
  Risk kind = Risk::unknown_impact;
  std::optional<std::int64_t> ranges;  ///< How many; empty where it is not about ranges.
  std::string sentence;
};

/// What is known when a plan is made.
struct PlanInput {
  std::vector<PlannedTarget> targets;
  /// Nodes that open faults hold down already, whatever the cluster has noticed yet.
  std::vector<NodeId> broken_already;
  std::size_t nodes_known = 0;  ///< 0: nobody told how many there are.
  /// Why no new fault is taken at all (lever, mode); empty: they are.
  std::string refusal;
  GuardMode mode = GuardMode::off;
};

/// What a fault would do, before it is done.
struct Plan {
  /// Of kinds, targets, what is broken already and the risks that need acceptance; not of
  /// counts, which move all the time. While the situation is the same, so is this.
  std::string hash;
  std::vector<PlannedTarget> targets;
  std::vector<PlannedRisk> risks;
  GuardVerdict verdict = GuardVerdict::allow;
  std::vector<std::string> reasons;  ///< Of the verdict; sentences.
  std::optional<Impact> forecast;    ///< Empty when it is not known.
  [[nodiscard]] bool has(Risk risk) const;
};

/// The nodes to ask the exporter about: those that are meant and those that are broken.
[[nodiscard]] std::vector<NodeId> nodes_of(const PlanInput& input);
/// What to ask the exporter. A mixture, a cut beside open faults, and a node that is
/// only slowed down or loses packets are judged as if the nodes went: they may.
[[nodiscard]] ImpactQuestion question_of(const PlanInput& input);
/// Pure. `impact` is the exporter's answer, or why there is none.
[[nodiscard]] Plan make_plan(const PlanInput& input, const Result<Impact>& impact);

/// In which way the situation is worse than the one that was let through; empty: it is not.
[[nodiscard]] std::string worse_than(const Plan& now, const std::vector<Risk>& accepted);

}  // namespace faultline::chaos
