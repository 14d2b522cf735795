#include <utility>

#include "chaosd/http/api.hpp"
#include "chaosd/http/experiment_json.hpp"
#include "chaosd/http/experiment_request.hpp"
#include "chaosd/http/later.hpp"
#include "chaosd/http/reply.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr const char* kExperiments = "/api/chaos/v1/experiments";

Reply accepted_reply(const Experiment& experiment) {
  Reply reply = json_reply(202, to_detailed_json(experiment), describe(experiment));
  reply.headers.emplace_back("Location", std::string{kExperiments} + "/" + experiment.id);
  return reply;
}

Reply create(const Api::Parts& parts, const ExperimentSpec& spec, const std::string& body,
             const std::optional<OnceKey>& once) {
  if (once) {  // An earlier run of chaosd may have done it, whose memory is gone.
    const auto before = parts.experiments.asked_before(*once);
    if (!before) return error_reply(before.error());
    if (*before) {
      Reply reply = accepted_reply(**before);
      say_replayed(reply);
      return reply;
    }
  }
  const auto admission = parts.experiments.create(spec, body, once);
  if (!admission) return error_reply(admission.error());
  if (!admission->experiment) {
    return plans_not_accepted_reply(*admission, parts.guard.mode(), spec.accept_plan);
  }
  return accepted_reply(*admission->experiment);
}

Reply list(const ExperimentService& experiments, const Call& call) {
  const auto state = call.query.find("state");
  const std::string which = state == call.query.end() ? "open" : state->second;
  if (which != "open" && which != "all") {
    return error_reply(
        {ErrorCode::invalid, "state is \"" + which + "\"; use open or all", "/state"});
  }
  json all = json::array();
  for (const auto& experiment : experiments.list(which == "open")) {
    all.push_back(to_json(experiment));
  }
  return json_reply(200, {{"experiments", all}});
}

}  // namespace

void add_experiment_routes(std::vector<Route>& routes, const Api::Parts& parts) {
  ExperimentService& experiments = parts.experiments;
  const std::string one = std::string{kExperiments} + "/{id}";
  routes.push_back({"GET", kExperiments, Role::viewer,
                    [&experiments](const Call& call, const Responder& respond) {
                      respond(list(experiments, call));
                    }});
  routes.push_back({"POST", kExperiments, Role::fault_operator,
                    [parts](const Call& call, const Responder& respond) {
                      auto spec = read_experiment(call.request.body);
                      if (!spec) return respond(error_reply(spec.error()));
                      answer_later(parts, respond,
                                   [parts, spec = std::move(spec).value(), body = call.request.body,
                                    once = call.once] { return create(parts, spec, body, once); });
                    }});
  routes.push_back(
      {"GET", one, Role::viewer, [&experiments](const Call& call, const Responder& respond) {
         const auto found = experiments.find(call.id);
         respond(found ? json_reply(200, to_detailed_json(*found)) : error_reply(found.error()));
       }});
  routes.push_back({"DELETE", one, Role::fault_operator,
                    [&experiments](const Call& call, const Responder& respond) {
                      const auto stopped = experiments.stop(call.id, "stopped on request");
                      respond(stopped ? accepted_reply(*stopped) : error_reply(stopped.error()));
                    },
                    Effect::heals});
}

}  // namespace faultline::chaos
