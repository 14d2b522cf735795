#include "chaosd/http/api.hpp"
#include "chaosd/http/parameters.hpp"
#include "chaosd/http/reply.hpp"
#include "common/wire/chaos_json.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

std::string_view word_for(Support support) {
  switch (support) {
    case Support::supported: return "supported";
    case Support::degraded: return "degraded";
    case Support::unsupported: return "unsupported";
  }
  return "";
}

json to_json(const Capabilities& capabilities, const Api::Parts& parts) {
  json faults = json::array();
  for (const auto& fault : capabilities.faults) {
    faults.push_back({{"kind", to_string(fault.kind)},
                      {"support", word_for(fault.support)},
                      {"reason", fault.reason}});
  }
  json hosts = json::array();
  for (const auto& [name, health] : capabilities.hosts) {
    hosts.push_back({{"name", name}, {"ok", health.ok}, {"detail", health.detail}});
  }
  return {{"runtime", to_string(capabilities.runtime)},
          {"hosts", hosts},
          {"runtime_ok", capabilities.health.ok},
          {"runtime_detail", capabilities.health.detail},
          {"max_duration_s", capabilities.max_duration.count()},
          {"faults", faults},
          {"mode", to_string(parts.service.mode())},
          {"guard", to_string(parts.guard.mode())},
          {"lever_engaged", parts.service.lever().engaged}};
}

Reply list_targets(const ChaosService& service) {
  const auto targets = service.targets();
  if (!targets) return error_reply(targets.error());
  json list = json::array();
  for (const auto& target : *targets) list.push_back(wire::to_json(target));
  return json_reply(200, {{"targets", list}});
}

json to_json(const AuditEntry& entry) {
  return {{"seq", entry.seq},       {"at_ms", to_ms(entry.at)}, {"role", entry.role},
          {"remote", entry.remote}, {"method", entry.method},   {"path", entry.path},
          {"status", entry.status}, {"outcome", entry.outcome}, {"request_id", entry.request_id}};
}

Reply list_audit(const Audit& audit, const Call& call) {
  constexpr std::int64_t kDefault = 100;
  constexpr auto kMost = static_cast<std::int64_t>(Audit::kEntriesKept);
  const auto limit = number_parameter(call, "limit", 1, kMost);
  if (!limit) return error_reply(limit.error());
  const auto before = number_parameter(call, "cursor", 1, std::int64_t{1} << 53);
  if (!before) return error_reply(before.error());
  const auto most = static_cast<std::size_t>(limit->value_or(kDefault));
  auto page = audit.last(most + 1, *before);  // One more tells whether there is another page.
  const bool more = page.size() > most;
  if (more) page.pop_back();
  json entries = json::array();
  for (const auto& entry : page) entries.push_back(to_json(entry));
  return json_reply(
      200, {{"entries", entries}, {"next_cursor", more ? json(page.back().seq) : json(nullptr)}});
}

}  // namespace

void add_target_routes(std::vector<Route>& routes, const Api::Parts& parts) {
  const ChaosService& service = parts.service;
  const Audit& audit = parts.audit;
  routes.push_back({"GET", "/api/chaos/v1/capabilities", Role::viewer,
                    [parts](const Call&, const Responder& respond) {
                      respond(json_reply(200, to_json(parts.service.capabilities(), parts)));
                    }});
  routes.push_back(
      {"GET", "/api/chaos/v1/targets", Role::viewer,
       [&service](const Call&, const Responder& respond) { respond(list_targets(service)); }});
  routes.push_back(
      {"GET", "/api/chaos/v1/audit", Role::admin,
       [&audit](const Call& call, const Responder& respond) { respond(list_audit(audit, call)); }});
}

}  // namespace faultline::chaos
