#include <algorithm>

#include "chaosd/http/api.hpp"
#include "chaosd/http/fault_request.hpp"
#include "chaosd/http/parameters.hpp"
#include "chaosd/http/plan_json.hpp"
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

constexpr std::int64_t kPageMost = 500;

/// Says where a page ended, also when its last fault is no longer remembered.
std::string cursor_of(const FaultView& fault) {
  return std::to_string(to_ms(fault.created_at)) + "~" + fault.id.value;
}

/// Of "f-<run>-<number>"; faults of one run may have been created in one millisecond.
std::optional<std::int64_t> number_of(const std::string& id) {
  return strict_integer(id.substr(std::min(id.size(), id.rfind('-') + 1)));
}

/// Where the page after the cursor begins; the faults are all there are, in order of creation.
Result<std::size_t> place_after(const std::vector<FaultView>& faults, const Call& call) {
  const auto given = call.query.find("cursor");
  if (given == call.query.end()) return std::size_t{0};
  const auto mark = given->second.find('~');
  const auto created = strict_integer(given->second.substr(0, mark));
  if (mark == std::string::npos || !created) {
    return Error{ErrorCode::invalid, "cursor is not one of ours; send next_cursor as it came",
                 "/cursor"};
  }
  const std::string id = given->second.substr(mark + 1);
  const auto known = std::find_if(faults.begin(), faults.end(),
                                  [&](const auto& fault) { return fault.id.value == id; });
  if (known != faults.end()) return static_cast<std::size_t>(known - faults.begin()) + 1;
  const auto number = number_of(id);
  const auto next = std::find_if(faults.begin(), faults.end(), [&](const auto& fault) {
    const auto at = to_ms(fault.created_at);
    return at > *created || (at == *created && number && number_of(fault.id.value) > number);
  });
  return static_cast<std::size_t>(next - faults.begin());
}

Reply list_faults(const ChaosService& service, const Call& call) {
  const auto state = call.query.find("state");
  const std::string which = state == call.query.end() ? "open" : state->second;
  if (which != "open" && which != "all") {
    return error_reply(
        {ErrorCode::invalid, "state is \"" + which + "\"; use open or all", "/state"});
  }
  const auto limit = number_parameter(call, "limit", 1, kPageMost);
  if (!limit) return error_reply(limit.error());
  // The place is looked for among all: what was open when the cursor was given may be over.
  const auto faults = service.faults(false);
  const auto begin = place_after(faults, call);
  if (!begin) return error_reply(begin.error());
  const auto most = static_cast<std::size_t>(limit->value_or(kPageMost));
  std::vector<FaultView> page;
  bool more = false;
  for (auto at = *begin; at < faults.size() && !more; ++at) {
    if (which == "open" && !is_open(faults[at].state)) continue;
    more = page.size() == most;
    if (!more) page.push_back(faults[at]);
  }
  return json_reply(200, {{"faults", to_json(page)},
                          {"next_cursor", more ? json(cursor_of(page.back())) : json(nullptr)}});
}

/// Experiments first, for they would begin what comes next.
Reply heal_all(const Api::Parts& parts) {
  const std::string reason = "everything is healed on request";
  const auto stopped = parts.experiments.stop_all(reason);
  const auto faults = parts.service.heal(reason);
  if (!stopped) return error_reply(stopped.error());
  return json_reply(202, {{"faults", to_json(faults)}},
                    std::to_string(faults.size()) + " faults are undone");
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
                      const auto fault = service.record({call.id});
                      respond(fault ? json_reply(200, to_json(*fault, service.now()))
                                    : error_reply(fault.error()));
                    }});
  routes.push_back({"DELETE", std::string{kFaults} + "/{id}", Role::fault_operator,
                    [&service](const Call& call, const Responder& respond) {
                      respond(fault_reply(service.undo({call.id})));
                    },
                    Effect::heals});
  routes.push_back({"POST", "/api/chaos/v1/heal", Role::fault_operator,
                    [parts](const Call&, const Responder& respond) { respond(heal_all(parts)); },
                    Effect::heals});
  routes.push_back({"POST", "/api/chaos/node/stop", Role::fault_operator,
                    [&service](const Call& call, const Responder& respond) {
                      respond(original_stop(service, call));
                    }});
  routes.push_back({"POST", "/api/chaos/node/start", Role::fault_operator,
                    [&service](const Call& call, const Responder& respond) {
                      respond(original_start(service, call));
                    },
                    Effect::heals});
}

}  // namespace faultline::chaos
