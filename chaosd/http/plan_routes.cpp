#include <utility>

#include "chaosd/http/api.hpp"
#include "chaosd/http/fault_request.hpp"
#include "chaosd/http/later.hpp"
#include "chaosd/http/plan_json.hpp"
#include "chaosd/http/reply.hpp"
#include "common/wire/chaos_json.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr const char* kFaults = "/api/chaos/v1/faults";

Reply plan_reply(const Guard& guard, const InjectOrder& order) {
  const auto plan = guard.plan(order);
  if (!plan) return error_reply(plan.error());
  return json_reply(200, to_json(*plan, guard.mode()),
                    "plan " + plan->hash + ": " + std::string{to_string(plan->verdict)});
}

std::string outcome_of(const std::vector<FaultView>& faults) {
  std::string text;
  for (const auto& fault : faults) {
    text += (text.empty() ? "" : ", ") + fault.id.value + ": " + describe(fault);
  }
  return text;
}

/// One fault as itself, as it always was; what was selected or listed as a list.
Reply injection_reply(const InjectOrder& order, const Injection& injection) {
  const bool as_list = order.as_list || order.faults.front().select.has_value();
  if (!as_list) {
    const auto& fault = injection.faults.front();
    Reply reply = json_reply(202, wire::to_json(fault), outcome_of(injection.faults));
    reply.headers.emplace_back("Location", std::string{kFaults} + "/" + fault.id.value);
    return reply;
  }
  json list = json::array();
  for (const auto& fault : injection.faults) list.push_back(wire::to_json(fault));
  const auto& hash = injection.plan.hash;
  Reply reply =
      json_reply(202, {{"faults", list}, {"plan_hash", hash.empty() ? json(nullptr) : json(hash)}},
                 outcome_of(injection.faults));
  reply.headers.emplace_back("Location", kFaults);
  return reply;
}

Reply inject_reply(Guard& guard, const InjectOrder& order) {
  const auto injection = guard.inject(order);
  if (!injection) return error_reply(injection.error());
  if (injection->faults.empty()) {
    return not_accepted_reply(injection->plan, guard.mode(), order.accept_plan);
  }
  return injection_reply(order, *injection);
}

Reply forecast_reply(const ChaosService& service, const FaultId& id) {
  const auto fault = service.fault(id);
  if (!fault) return error_reply(fault.error());
  return json_reply(200, {{"fault_id", id.value}, {"plan", to_json(service.plan_of(id))}});
}

}  // namespace

void add_plan_routes(std::vector<Route>& routes, const Api::Parts& parts) {
  const auto with_order = [](const Call& call, const Responder& respond, const auto& use) {
    auto order = read_inject_order(call.request.body);
    if (!order) return respond(error_reply(order.error()));
    use(std::move(order).value());
  };
  routes.push_back({"POST", "/api/chaos/v1/plans", Role::viewer,
                    [parts, with_order](const Call& call, const Responder& respond) {
                      with_order(call, respond, [&](InjectOrder order) {
                        answer_later(parts, respond, [parts, order = std::move(order)] {
                          return plan_reply(parts.guard, order);
                        });
                      });
                    },
                    Effect::none});
  routes.push_back({"POST", kFaults, Role::fault_operator,
                    [parts, with_order](const Call& call, const Responder& respond) {
                      with_order(call, respond, [&](InjectOrder order) {
                        answer_later(parts, respond, [parts, order = std::move(order)] {
                          return inject_reply(parts.guard, order);
                        });
                      });
                    }});
  routes.push_back({"GET", std::string{kFaults} + "/{id}/plan", Role::viewer,
                    [&service = parts.service](const Call& call, const Responder& respond) {
                      respond(forecast_reply(service, {call.id}));
                    }});
}

}  // namespace faultline::chaos
