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
         const auto capabilities = service.capabilities();
         const auto& health = capabilities.health;
         if (service.closed() || !health.ok) {
           return respond(error_reply(
               {ErrorCode::unavailable, service.closed() ? "chaosd is leaving" : health.detail}));
         }
         std::string words = "ready\n";
         // The others can be worked with; whose host this is can see it here.
         for (const auto& [name, host] : capabilities.hosts) {
           if (!host.ok) words += "host " + name + " is away: " + host.detail + "\n";
         }
         respond({200, words, "text/plain", {}, ""});
       }});
  routes.push_back({"GET", "/api/chaos/v1/openapi.yaml", Role::anyone,
                    [](const Call&, const Responder& respond) {
                      respond({200, std::string{openapi_document()}, "application/yaml", {}, ""});
                    }});
}

}  // namespace faultline::chaos
