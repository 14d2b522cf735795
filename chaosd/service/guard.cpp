#include "chaosd/service/guard.hpp"

#include <algorithm>
#include <utility>

namespace faultline::chaos {

namespace {

PlanNote note_of(const Plan& plan, bool accepted) {
  PlanNote note;
  note.hash = plan.hash;
  note.verdict = to_string(plan.verdict);
  note.accepted = accepted;
  if (!plan.forecast) return note;
  note.lease_lost = plan.forecast->lease_lost;
  note.quorum_lost = plan.forecast->quorum_lost;
  note.can_lose_nodes_after = plan.forecast->can_lose_nodes_after;
  note.quorum_lost_already = plan.forecast->quorum_lost_already;
  note.under_replicated = plan.forecast->under_replicated;
  note.sentence = plan.forecast->sentence;
  return note;
}

std::vector<Risk> kinds_of(const std::vector<PlannedRisk>& risks) {
  std::vector<Risk> kinds;
  for (const auto& risk : risks) kinds.push_back(risk.kind);
  return kinds;
}

}  // namespace

std::vector<NodeId> Guard::broken(const std::optional<FaultId>& itself) const {
  std::vector<NodeId> nodes;
  for (const auto& fault : ledger_.faults(true)) {
    if (fault.node_id && fault.id != itself) nodes.push_back(*fault.node_id);
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

std::vector<NodeId> Guard::cut_from(const FaultRecord& record) const {
  std::vector<NodeId> nodes;
  for (const auto& peer : record.params.peers) {
    const auto node = board_.node_of_target(peer.name);
    if (!node) return {};
    nodes.push_back(*node);
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

Plan Guard::plan_of(const std::vector<Draft>& drafts, const std::optional<FaultId>& itself) const {
  PlanInput input;
  input.mode = mode_;
  input.broken_already = broken(itself);
  input.nodes_known = board_.nodes_known();
  if (const auto begin = service_.may_begin(); !begin) input.refusal = begin.error().message;
  for (const auto& draft : drafts) {
    const auto& view = draft.record.view;
    PlannedTarget target{view.kind, view.target, draft.record.target_id, view.node_id, draft.state,
                         "",        view.detail, cut_from(draft.record)};
    if (!itself) {  // Else it is open itself, and the worker has looked at the target.
      if (const auto free = service_.obstacle(draft); !free) target.obstacle = free.error().message;
    }
    input.targets.push_back(std::move(target));
  }
  const auto nodes = nodes_of(input);
  if (oracle_ == nullptr) {
    return make_plan(
        input, Error{ErrorCode::unavailable, "no exporter is configured (--exporter.address)"});
  }
  if (nodes.empty()) {
    return make_plan(input, Error{ErrorCode::unavailable, "no node id is known of any target"});
  }
  return make_plan(input, oracle_->ask(question_of(input)));
}

Result<InjectOrder> Guard::with_leases(InjectOrder order) const {
  for (std::size_t i = 0; i < order.faults.size(); ++i) {
    auto& select = order.faults[i].select;
    if (!select || select->role != NodeRole::leaseholder || select->table.empty()) continue;
    const std::string field =
        (order.as_list ? "/faults/" + std::to_string(i) : std::string{}) + "/select/table";
    if (leases_ == nullptr) {
      return Error{ErrorCode::unsupported,
                   "role leaseholder needs an exporter that tells it (--exporter.address)", field};
    }
    auto leases = leases_->ask(select->table);
    if (!leases) {
      const bool invalid = leases.error().code == ErrorCode::invalid;
      return Error{leases.error().code,
                   (invalid ? "" : "who has the leases of " + select->table + " is not known: ") +
                       leases.error().message,
                   field};
    }
    select->holders = std::move(leases->holders);
  }
  return order;
}

Result<Plan> Guard::plan(const InjectOrder& asked) const {
  const auto order = with_leases(asked);
  if (!order) return order.error();
  const auto drafts = service_.resolve(*order);
  if (!drafts) return drafts.error();
  return plan_of(*drafts, std::nullopt);
}

Result<Injection> Guard::inject(const InjectOrder& asked) {
  if (auto begin = service_.may_begin(); !begin) return begin.error();
  const auto order = with_leases(asked);
  if (!order) return order.error();
  std::unique_lock one_order(one_order_, std::defer_lock);
  if (mode_ != GuardMode::off) one_order.lock();
  auto drafts = service_.resolve(*order);
  if (!drafts) return drafts.error();
  Injection injection;
  std::optional<PlanNote> note;
  std::optional<GuardTicket> ticket;
  if (mode_ != GuardMode::off) {
    for (const auto& draft : *drafts) {  // Nobody is asked about what cannot be done anyway.
      if (auto free = service_.obstacle(draft); !free) return free.error();
    }
    injection.plan = plan_of(*drafts, std::nullopt);
    const bool accepted = order->accept_plan == injection.plan.hash;
    if (injection.plan.verdict == GuardVerdict::needs_acceptance && !accepted) {
      asked_to_accept_ += 1;
      return injection;
    }
    note = note_of(injection.plan, accepted);
    if (mode_ == GuardMode::enforce) {
      ticket = GuardTicket{clock_.now().steady, {}};
      if (accepted) ticket->accepted = kinds_of(injection.plan.risks);
    }
  }
  auto opened = service_.open(std::move(drafts).value(), note, ticket);
  if (!opened) return opened.error();
  injection.faults = std::move(opened).value();
  return injection;
}

Status Guard::recheck(const FaultRecord& record, const GuardTicket& ticket) const {
  if (clock_.now().steady - ticket.planned_at <= kFresh) return kDone;
  const Plan now = plan_of({{record, ContainerState::running, ""}}, record.view.id);
  const std::string worse = worse_than(now, ticket.accepted);
  if (worse.empty()) return kDone;
  return Error{ErrorCode::conflict, "since the plan was made it has become worse: " + worse};
}

}  // namespace faultline::chaos
