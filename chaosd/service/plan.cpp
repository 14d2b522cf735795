#include "chaosd/service/plan.hpp"

#include <algorithm>

#include "chaosd/service/digest.hpp"

namespace faultline::chaos {

namespace {

constexpr std::size_t kHashDigits = 32;

std::string ranges_text(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " range" : " ranges");
}

/// Those that a fault must not bring about unasked.
bool needs_acceptance(Risk risk) {
  switch (risk) {
    case Risk::lease_loss:
    case Risk::under_replication: return false;
    case Risk::quorum_loss:
    case Risk::majority_of_nodes:
    case Risk::unknown_impact: return true;
  }
  FAULTLINE_ENSURE(false, "every risk is judged");
}

std::string quorum_sentence(const Impact& impact) {
  std::string text = ranges_text(impact.quorum_lost) + " would lose quorum";
  if (!impact.system_ranges.empty()) {
    text += ", among them what the cluster itself needs:";
    for (const auto& name : impact.system_ranges) text += " " + name;
  }
  return text + "; reads and writes to them hang until it is back";
}

void add_ranges(std::vector<PlannedRisk>& risks, const Impact& impact) {
  if (impact.lease_lost.value_or(0) > 0) {
    risks.push_back({Risk::lease_loss, impact.lease_lost,
                     ranges_text(*impact.lease_lost) + " would lose their lease for a moment"});
  }
  if (impact.under_replicated > 0) {
    risks.push_back({Risk::under_replication, impact.under_replicated,
                     ranges_text(impact.under_replicated) + " would be under-replicated"});
  }
  if (impact.quorum_lost > 0) {
    risks.push_back({Risk::quorum_loss, impact.quorum_lost, quorum_sentence(impact)});
  }
}

std::optional<PlannedRisk> majority(const PlanInput& input) {
  const std::size_t gone = nodes_of(input).size();
  if (input.nodes_known < 2 || gone * 2 <= input.nodes_known) return std::nullopt;
  return PlannedRisk{Risk::majority_of_nodes, std::nullopt,
                     std::to_string(gone) + " of " + std::to_string(input.nodes_known) +
                         " nodes would be broken at once: that is a majority"};
}

std::string unknown_reason(const PlanInput& input, const Result<Impact>& impact) {
  for (const auto& target : input.targets) {
    if (!target.node_id) return "it is not known which node " + target.name + " is";
  }
  if (!impact) return impact.error().message;
  return impact->reason.empty() ? "the exporter cannot judge it now" : impact->reason;
}

/// What the exporter can imagine that comes closest, and is not better.
ImpactFault as_imagined(const PlannedTarget& target) {
  switch (target.kind) {
    case FaultKind::pause: return ImpactFault::pause;
    case FaultKind::stop:
    case FaultKind::restart: return ImpactFault::stop;
    case FaultKind::net_isolate: return ImpactFault::isolate;
    case FaultKind::net_partition:
      return target.cut_from.empty() ? ImpactFault::kill : ImpactFault::partition;
    case FaultKind::kill:
    case FaultKind::net_loss:
    case FaultKind::net_latency:
    case FaultKind::net_bandwidth:
    case FaultKind::cpu_throttle:
    case FaultKind::memory_pressure:
    case FaultKind::disk_fill:
    case FaultKind::disk_slow:
    case FaultKind::disk_stall: return ImpactFault::kill;
  }
  FAULTLINE_ENSURE(false, "every kind is imagined");
}

/// What must stay the same for an acceptance to hold, in a fixed order.
std::string fingerprint(const PlanInput& input, const Plan& plan) {
  std::vector<std::string> lines;
  for (const auto& target : input.targets) {
    lines.push_back("target " + std::string{to_string(target.kind)} + " " + target.id + " " +
                    target.details);
  }
  for (const NodeId node : input.broken_already) {
    lines.push_back("broken " + std::to_string(node.value));
  }
  for (const auto& risk : plan.risks) {
    // The others come and go with every lease that moves, and nobody is asked about them.
    if (needs_acceptance(risk.kind)) lines.push_back("risk " + std::string{to_string(risk.kind)});
  }
  if (plan.has(Risk::quorum_loss) && plan.forecast && !plan.forecast->system_ranges.empty()) {
    lines.emplace_back("risk of system ranges");
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

void judge(const PlanInput& input, Plan& plan) {
  std::vector<std::string> refused;
  if (!input.refusal.empty()) refused.push_back(input.refusal);
  for (const auto& target : input.targets) {
    if (!target.obstacle.empty()) refused.push_back(target.obstacle);
  }
  std::vector<std::string> doubted;
  for (const auto& risk : plan.risks) {
    if (needs_acceptance(risk.kind)) doubted.push_back(risk.sentence);
  }
  if (!refused.empty()) {
    plan.verdict = GuardVerdict::refuse;
    plan.reasons = std::move(refused);
  } else if (input.mode == GuardMode::enforce && !doubted.empty()) {
    plan.verdict = GuardVerdict::needs_acceptance;
    plan.reasons = std::move(doubted);
  } else {
    plan.reasons = std::move(doubted);
    if (input.mode != GuardMode::enforce) {
      plan.reasons.push_back("--guard is " + std::string{to_string(input.mode)} +
                             ": nothing needs acceptance");
    }
  }
}

}  // namespace

std::string_view to_string(Risk risk) {
  switch (risk) {
    case Risk::lease_loss: return "lease_loss";
    case Risk::under_replication: return "under_replication";
    case Risk::quorum_loss: return "quorum_loss";
    case Risk::majority_of_nodes: return "majority_of_nodes";
    case Risk::unknown_impact: return "unknown_impact";
  }
  FAULTLINE_ENSURE(false, "every risk has a name");
}

std::string_view to_string(GuardVerdict verdict) {
  switch (verdict) {
    case GuardVerdict::allow: return "allow";
    case GuardVerdict::needs_acceptance: return "needs_acceptance";
    case GuardVerdict::refuse: return "refuse";
  }
  FAULTLINE_ENSURE(false, "every verdict has a name");
}

std::string_view to_string(GuardMode mode) {
  switch (mode) {
    case GuardMode::off: return "off";
    case GuardMode::warn: return "warn";
    case GuardMode::enforce: return "enforce";
  }
  FAULTLINE_ENSURE(false, "every mode has a name");
}

bool Plan::has(Risk risk) const {
  return std::any_of(risks.begin(), risks.end(), [&](const auto& one) { return one.kind == risk; });
}

std::vector<NodeId> nodes_of(const PlanInput& input) {
  std::vector<NodeId> nodes = input.broken_already;
  for (const auto& target : input.targets) {
    if (target.node_id) nodes.push_back(*target.node_id);
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

ImpactQuestion question_of(const PlanInput& input) {
  ImpactQuestion question{nodes_of(input), ImpactFault::kill, {}};
  if (input.targets.empty()) return question;
  const PlannedTarget& first = input.targets.front();
  const bool all_alike =
      std::all_of(input.targets.begin(), input.targets.end(), [&](const auto& one) {
        return as_imagined(one) == as_imagined(first) && one.cut_from == first.cut_from;
      });
  const auto fault = as_imagined(first);
  const bool cut = fault == ImpactFault::partition || fault == ImpactFault::isolate;
  // What is broken already is gone, not cut off.
  if (!all_alike || (cut && !input.broken_already.empty())) return question;
  question.fault = fault;
  if (question.fault == ImpactFault::partition) question.from = first.cut_from;
  return question;
}

Plan make_plan(const PlanInput& input, const Result<Impact>& impact) {
  Plan plan;
  plan.targets = input.targets;
  const bool all_nodes_known = std::all_of(input.targets.begin(), input.targets.end(),
                                           [](const auto& one) { return one.node_id.has_value(); });
  if (all_nodes_known && impact && impact->valid) {
    plan.forecast = *impact;
    add_ranges(plan.risks, *impact);
  }
  if (auto risk = majority(input)) plan.risks.push_back(std::move(*risk));
  if (!plan.forecast) {
    plan.risks.push_back({Risk::unknown_impact, std::nullopt,
                          "what it would do is not known: " + unknown_reason(input, impact)});
  }
  judge(input, plan);
  plan.hash = sha256_hex(fingerprint(input, plan)).substr(0, kHashDigits);
  return plan;
}

std::string worse_than(const Plan& now, const std::vector<Risk>& accepted) {
  std::string text;
  for (const auto& risk : now.risks) {
    if (!needs_acceptance(risk.kind)) continue;
    if (std::find(accepted.begin(), accepted.end(), risk.kind) != accepted.end()) continue;
    text += (text.empty() ? "" : "; ") + risk.sentence;
  }
  return text;
}

}  // namespace faultline::chaos
