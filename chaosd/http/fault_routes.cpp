#include "chaosd/http/api.hpp"
#include "chaosd/http/fault_request.hpp"
#include "chaosd/http/reply.hpp"
#include "common/wire/chaos_json.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr const char* kFaults = "/api/chaos/v1/faults";

json to_json(const std::vector<FaultView>& faults) {
  json list = json::array();
  for (const auto& fault : faults) list.push_back(wire::to_json(fault));
  return list;
}

Reply fault_reply(const FaultView& fault) {
  Reply reply = json_reply(202, wire::to_json(fault), fault.id.value + ": " + describe(fault));
  reply.headers.emplace_back("Location", std::string{kFaults} + "/" + fault.id.value);
  return reply;
}

Reply fault_reply(const Result<FaultView>& fault) {
  return fault ? fault_reply(*fault) : error_reply(fault.error());
}

Reply list_faults(const ChaosService& service, const Call& call) {
  const auto state = call.query.find("state");
  const std::string which = state == call.query.end() ? "open" : state->second;
  if (which != "open" && which != "all") {
    return error_reply(
        {ErrorCode::invalid, "state is \"" + which + "\"; use open or all", "/state"});
  }
  return json_reply(200, {{"faults", to_json(service.faults(which == "open"))}});
}

/// The original design's call names its parameters otherwise.
Reply renamed(Error error) {
  if (error.field == "/target") error.field = "/name";
  return error_reply(error);
}

Reply original_stop(ChaosService& service, const Call& call) {
  const auto request = read_original_stop(call.query, service.default_duration());
  if (!request) return error_reply(request.error());
  const auto fault = service.inject(*request);
  return fault ? fault_reply(*fault) : renamed(fault.error());
}

Reply original_start(ChaosService& service, const Call& call) {
  const auto name = call.query.find("name");
  if (name == call.query.end() || name->second.empty()) {
    return error_reply(
        {ErrorCode::invalid, "name is missing; give the name of one target", "/name"});
  }
  const auto outcome = service.start(name->second);
  if (!outcome) return renamed(outcome.error());
  return json_reply(202,
                    {{"target", wire::to_json(outcome->target)},
                     {"fault", outcome->fault ? wire::to_json(*outcome->fault) : json(nullptr)}},
                    outcome->fault ? outcome->fault->id.value + ": " + describe(*outcome->fault)
                                   : outcome->target.name + " is told to run");
}

}  // namespace

void add_fault_routes(std::vector<Route>& routes, const Api::Parts& parts) {
  ChaosService& service = parts.service;
  routes.push_back(
      {"GET", kFaults, Role::viewer, [&service](const Call& call, const Responder& respond) {
         respond(list_faults(service, call));
       }});
  routes.push_back({"GET", std::string{kFaults} + "/{id}", Role::viewer,
                    [&service](const Call& call, const Responder& respond) {
                      const auto fault = service.fault({call.id});
                      respond(fault ? json_reply(200, wire::to_json(*fault))
                                    : error_reply(fault.error()));
                    }});
  routes.push_back({"DELETE", std::string{kFaults} + "/{id}", Role::fault_operator,
                    [&service](const Call& call, const Responder& respond) {
                      respond(fault_reply(service.undo({call.id})));
                    }});
  routes.push_back({"POST", "/api/chaos/v1/heal", Role::fault_operator,
                    [&service](const Call&, const Responder& respond) {
                      const auto faults = service.heal("everything is healed on request");
                      respond(json_reply(202, {{"faults", to_json(faults)}},
                                         std::to_string(faults.size()) + " faults are undone"));
                    }});
  routes.push_back({"POST", "/api/chaos/node/stop", Role::fault_operator,
                    [&service](const Call& call, const Responder& respond) {
                      respond(original_stop(service, call));
                    }});
  routes.push_back({"POST", "/api/chaos/node/start", Role::fault_operator,
                    [&service](const Call& call, const Responder& respond) {
                      respond(original_start(service, call));
                    }});
}

}  // namespace faultline::chaos
