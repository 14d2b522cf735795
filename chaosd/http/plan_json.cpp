#include "chaosd/http/plan_json.hpp"

#include "chaosd/http/reply.hpp"
#include "chaosd/service/score.hpp"
#include "common/wire/chaos_json.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

json to_json(const std::optional<Impact>& forecast) {
  if (!forecast) return nullptr;
  return {{"ranges_total", forecast->ranges_total},
          {"lease_lost", wire::or_null(forecast->lease_lost)},
          {"quorum_lost", forecast->quorum_lost},
          {"quorum_lost_already", forecast->quorum_lost_already},
          {"under_replicated", forecast->under_replicated},
          {"system_ranges", forecast->system_ranges},
          {"can_lose_nodes_after", wire::or_null(forecast->can_lose_nodes_after)},
          {"sentence", forecast->sentence}};
}

json forecast_of(const std::optional<PlanNote>& plan) {
  if (!plan || !plan->quorum_lost) return nullptr;
  return {{"lease_lost", wire::or_null(plan->lease_lost)},
          {"quorum_lost", *plan->quorum_lost},
          {"quorum_lost_already", wire::or_null(plan->quorum_lost_already)},
          {"under_replicated", wire::or_null(plan->under_replicated)},
          {"can_lose_nodes_after", wire::or_null(plan->can_lose_nodes_after)},
          {"sentence", plan->sentence}};
}

json outcome_of(const FaultRecord& record, WallTime now) {
  if (!record.outcome) return nullptr;
  const Outcome& outcome = *record.outcome;
  json verdicts = json::array();
  for (const auto verdict : outcome.verdicts) verdicts.push_back(to_string(verdict));
  json together = json::array();
  for (const auto& id : outcome.together_with) together.push_back(id.value);
  return {{"ranges_unavailable", wire::or_null(outcome.ranges_unavailable)},
          {"under_replicated", wire::or_null(outcome.under_replicated)},
          {"can_lose_nodes", wire::or_null(outcome.can_lose_nodes)},
          {"verdicts", verdicts},
          {"watched_ms", outcome.watched.count()},
          {"unwatched_ms", unwatched(record, now).count()},
          {"blind", outcome.blind},
          {"together_with", together}};
}

json to_json(const PlannedTarget& target) {
  return {{"kind", to_string(target.kind)},   {"target", target.name},
          {"container_id", target.id},        {"node_id", wire::or_null(target.node_id)},
          {"state", to_string(target.state)}, {"obstacle", target.obstacle}};
}

}  // namespace

json to_json(const Plan& plan, GuardMode mode) {
  json targets = json::array();
  for (const auto& target : plan.targets) targets.push_back(to_json(target));
  json risks = json::array();
  for (const auto& risk : plan.risks) {
    risks.push_back({{"kind", to_string(risk.kind)},
                     {"ranges", wire::or_null(risk.ranges)},
                     {"sentence", risk.sentence}});
  }
  return {{"plan_hash", plan.hash},
          {"targets", targets},
          {"risks", risks},
          {"guard",
           {{"mode", to_string(mode)},
            {"verdict", to_string(plan.verdict)},
            {"reasons", plan.reasons}}},
          {"forecast", to_json(plan.forecast)}};
}

json to_json(const std::optional<PlanNote>& plan) {
  if (!plan) return nullptr;
  return {{"plan_hash", plan->hash},
          {"verdict", plan->verdict},
          {"accepted", plan->accepted},
          {"lease_lost", wire::or_null(plan->lease_lost)},
          {"quorum_lost", wire::or_null(plan->quorum_lost)},
          {"under_replicated", wire::or_null(plan->under_replicated)},
          {"sentence", plan->sentence}};
}

json to_json(const FaultRecord& record, WallTime now) {
  json object = wire::to_json(record.view);
  const std::string words = score(record, now);
  object["forecast"] = forecast_of(record.plan);
  object["outcome"] = outcome_of(record, now);
  object["score"] = words.empty() ? json(nullptr) : json(words);
  return object;
}

Reply not_accepted_reply(const Plan& plan, GuardMode mode,
                         const std::optional<std::string>& given) {
  std::string why;
  for (const auto& reason : plan.reasons) why += (why.empty() ? "" : "; ") + reason;
  const std::string detail =
      (given ? "the plan that was accepted is not the one of now: " : "this needs acceptance: ") +
      why + "; to do it all the same, send accept_plan \"" + plan.hash + "\" with the same body";
  Reply reply = problem_reply(409, "plan_not_accepted", detail);
  json body = json::parse(reply.body);
  body["plan"] = to_json(plan, mode);
  reply.body = wire::dump(body);
  return reply;
}

}  // namespace faultline::chaos
