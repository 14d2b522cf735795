#include "chaosd/http/api.hpp"
#include "chaosd/metrics/page.hpp"

namespace faultline::chaos {

namespace {

metrics::ChaosdStats stats_of(const Api::Parts& parts, const RequestCounts& counts) {
  metrics::ChaosdStats stats;
  stats.ledger = parts.service.ledger_stats();
  stats.experiments = parts.experiments.stats();
  const auto capabilities = parts.service.capabilities();
  stats.runtime_ok = capabilities.health.ok;
  for (const auto& [name, health] : capabilities.hosts) stats.hosts_ok[name] = health.ok;
  stats.lever_engaged = parts.service.lever().engaged;
  stats.plans_to_accept = parts.guard.asked_to_accept();
  stats.audit_entries = parts.audit.newest_seq();
  stats.audit_ok = parts.audit.is_whole();
  stats.journal_corrupt_lines = parts.journal_corrupt_lines;
  stats.requests = counts.by_status();
  return stats;
}

}  // namespace

void add_metrics_route(std::vector<Route>& routes, const Api::Parts& parts,
                       const RequestCounts& counts) {
  // Without a token, as the exporter's: it tells counts only, and Caddy does not pass it on.
  routes.push_back(
      {"GET", "/metrics", Role::anyone, [parts, &counts](const Call&, const Responder& respond) {
         respond({200,
                  metrics::render_page(stats_of(parts, counts)),
                  "text/plain; version=0.0.4; charset=utf-8",
                  {},
                  ""});
       }});
}

}  // namespace faultline::chaos
