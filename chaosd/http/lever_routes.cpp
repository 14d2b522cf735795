#include "chaosd/http/api.hpp"
#include "chaosd/http/reply.hpp"
#include "common/base/utf8.hpp"
#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr const char* kLever = "/api/chaos/v1/lever";
constexpr std::size_t kReasonMax = 300;

json to_json(const LeverState& lever) {
  return {{"engaged", lever.engaged}, {"reason", lever.reason}, {"since_ms", to_ms(lever.since)}};
}

Reply move_lever(ChaosService& service, const Call& call) {
  const auto document = wire::parse_json(call.request.body);
  if (!document) return error_reply(document.error());
  wire::ObjectReader reader{*document, ""};
  const bool engaged = reader.boolean("engaged");
  const std::string reason = reader.text("reason");
  if (reader.error()) return error_reply(*reader.error());
  if (reason.empty() || characters_in(reason) > kReasonMax) {
    return error_reply({ErrorCode::invalid,
                        "reason is empty or too long; say in 1 to 300 characters why", "/reason"});
  }
  const auto moved = service.set_lever(engaged, reason);
  if (!moved) {
    Error error = moved.error();
    if (engaged) error.message = "engaged, but only until chaosd ends: " + error.message;
    return error_reply(error);
  }
  return json_reply(200, to_json(service.lever()),
                    std::string{"the lever is "} + (engaged ? "engaged" : "released"));
}

}  // namespace

void add_lever_routes(std::vector<Route>& routes, const Api::Parts& parts) {
  ChaosService& service = parts.service;
  routes.push_back({"GET", kLever, Role::viewer, [&service](const Call&, const Responder& respond) {
                      respond(json_reply(200, to_json(service.lever())));
                    }});
  routes.push_back({"PUT", kLever, Role::fault_operator,
                    [&service](const Call& call, const Responder& respond) {
                      respond(move_lever(service, call));
                    },
                    Effect::heals});
}

}  // namespace faultline::chaos
