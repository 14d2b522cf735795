#include "chaosd/http/api.hpp"
#include "chaosd/http/openapi.hpp"
#include "chaosd/http/reply.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

void add_health_routes(std::vector<Route>& routes, const Api::Parts& parts) {
  const ChaosService& service = parts.service;
  routes.push_back({"GET", "/-/healthy", Role::anyone, [](const Call&, const Responder& respond) {
                      respond({200, "healthy\n", "text/plain", {}, ""});
                    }});
  routes.push_back(
      {"GET", "/-/ready", Role::anyone, [&service](const Call&, const Responder& respond) {
         const auto health = service.capabilities().health;
         if (service.closed() || !health.ok) {
           return respond(error_reply(
               {ErrorCode::unavailable, service.closed() ? "chaosd is leaving" : health.detail}));
         }
         respond({200, "ready\n", "text/plain", {}, ""});
       }});
  routes.push_back({"GET", "/api/chaos/v1/openapi.yaml", Role::anyone,
                    [](const Call&, const Responder& respond) {
                      respond({200, std::string{openapi_document()}, "application/yaml", {}, ""});
                    }});
}

}  // namespace faultline::chaos
