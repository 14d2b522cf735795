#include "chaosd/http/experiment_json.hpp"

#include "chaosd/http/plan_json.hpp"
#include "chaosd/http/reply.hpp"
#include "common/wire/chaos_json.hpp"
#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

json to_json(const ExperimentRun& run) {
  return {{"number", run.number},
          {"state", to_string(run.state)},
          {"reason", run.reason},
          {"started_at_ms", to_ms(run.started_at)},
          {"ended_at_ms", wire::or_null(run.ended_at)},
          {"step", run.step + 1}};
}

json with_records(const ExperimentRun& run) {
  json object = to_json(run);
  json records = json::array();
  for (const auto& fault : run.records) records.push_back(wire::to_json(fault));
  object["records"] = records;
  return object;
}

/// As it was sent, but for the acceptance, which is told of each step.
json definition_of(const Experiment& experiment) {
  auto document = wire::parse_json(experiment.body);
  if (!document) return nullptr;
  document->erase("accept_plan");
  return *document;
}

}  // namespace

json to_json(const Experiment& experiment) {
  return {{"id", experiment.id},
          {"name", experiment.spec.name},
          {"desired", experiment.wanted ? "on" : "off"},
          {"state", to_string(experiment.state)},
          {"reason", experiment.reason},
          {"created_at_ms", to_ms(experiment.created_at)},
          {"ended_at_ms", wire::or_null(experiment.ended_at)},
          {"next_run_at_ms", wire::or_null(experiment.next_run_at)},
          {"runs_total", experiment.runs_total},
          {"runs_missed", experiment.missed},
          {"steps_total", experiment.spec.steps.size()},
          {"last_run", experiment.runs.empty() ? json(nullptr) : to_json(experiment.runs.back())}};
}

json to_detailed_json(const Experiment& experiment) {
  json object = to_json(experiment);
  object["definition"] = definition_of(experiment);
  json accepted = json::array();
  for (const auto& hash : experiment.accepted) {
    accepted.push_back(hash.empty() ? json(nullptr) : json(hash));
  }
  object["accepted_plans"] = accepted;
  json runs = json::array();
  for (const auto& run : experiment.runs) runs.push_back(with_records(run));
  object["runs"] = runs;
  return object;
}

Reply plans_not_accepted_reply(const ExperimentAdmission& admission, GuardMode mode,
                               const std::optional<std::string>& given) {
  std::string why;
  json plans = json::array();
  for (std::size_t i = 0; i < admission.plans.size(); ++i) {
    const Plan& plan = admission.plans[i];
    plans.push_back(to_json(plan, mode));
    if (plan.verdict != GuardVerdict::needs_acceptance) continue;
    for (const auto& reason : plan.reasons) {
      why += (why.empty() ? "" : "; ") + ("step " + std::to_string(i + 1)) + ": " + reason;
    }
  }
  const std::string detail = (given ? "the plans that were accepted are not the ones of now: "
                                    : "this needs acceptance: ") +
                             why + "; to do it all the same, send accept_plan \"" + admission.hash +
                             "\" with the same body";
  Reply reply = problem_reply(409, "plan_not_accepted", detail);
  json body = json::parse(reply.body);
  body["plan_hash"] = admission.hash;
  body["plans"] = plans;
  reply.body = wire::dump(body);
  return reply;
}

}  // namespace faultline::chaos
