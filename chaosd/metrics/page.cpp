#include "chaosd/metrics/page.hpp"

#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace faultline::chaos::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(const char* name, const char* help, MetricType type) {
  MetricFamily result;
  result.name = name;
  result.help = help;
  result.type = type;
  return result;
}

void add(MetricFamily& to, std::int64_t value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric sample;
  sample.label = std::move(labels);
  (to.type == MetricType::Counter ? sample.counter.value : sample.gauge.value) =
      static_cast<double>(value);
  to.metric.push_back(std::move(sample));
}

MetricFamily one(const char* name, const char* help, MetricType type, std::int64_t value) {
  MetricFamily result = family(name, help, type);
  add(result, value);
  return result;
}

void add_experiments(std::vector<MetricFamily>& page, const ExperimentStats& stats) {
  auto states =
      family("faultline_chaosd_experiments", "Experiments that are remembered.", MetricType::Gauge);
  for (const auto& [state, count] : stats.by_state) {
    add(states, count, {{"state", std::string{to_string(state)}}});
  }
  page.push_back(std::move(states));
  auto runs = family("faultline_chaosd_experiment_runs_total",
                     "Runs of experiments by how they ended; missed: a due time passed unused.",
                     MetricType::Counter);
  for (const auto& [state, count] : stats.runs) {
    add(runs, count, {{"outcome", std::string{to_string(state)}}});
  }
  add(runs, stats.missed, {{"outcome", "missed"}});
  page.push_back(std::move(runs));
  page.push_back(one("faultline_chaosd_experiment_failures_total",
                     "Lines about experiments that could not be written down; no run begins then.",
                     MetricType::Counter, stats.failures));
  if (!stats.next_run_at) return;
  page.push_back(one("faultline_chaosd_experiment_next_run_timestamp_seconds",
                     "When the next scheduled run is due; absent while none is.", MetricType::Gauge,
                     to_ms(*stats.next_run_at) / 1000));
}

}  // namespace

std::string render_page(const ChaosdStats& stats) {
  const auto gauge = MetricType::Gauge;
  const auto counter = MetricType::Counter;
  std::vector<MetricFamily> page;
  auto faults = family("faultline_chaosd_faults", "Faults that are remembered.", gauge);
  for (const auto& [state, count] : stats.ledger.by_state) {
    add(faults, count, {{"state", std::string{to_string(state)}}});
  }
  page.push_back(std::move(faults));
  page.push_back(one("faultline_chaosd_faults_overdue", "Open faults past their deadline.", gauge,
                     stats.ledger.overdue));
  page.push_back(one("faultline_chaosd_targets_worked_on",
                     "Targets that a worker is acting on now.", gauge,
                     stats.ledger.targets_worked_on));
  page.push_back(one("faultline_chaosd_journal_lines_total", "Lines written to the journal.",
                     counter, stats.ledger.journal_lines));
  page.push_back(one("faultline_chaosd_journal_failures_total",
                     "Lines that could not be written to the journal.", counter,
                     stats.ledger.journal_failures));
  page.push_back(one("faultline_chaosd_journal_corrupt_lines",
                     "Lines of the journal that could not be read when chaosd began.", gauge,
                     stats.journal_corrupt_lines));
  add_experiments(page, stats.experiments);
  page.push_back(one("faultline_chaosd_audit_seq", "Number of the newest entry of the audit.",
                     gauge, stats.audit_entries));
  page.push_back(one("faultline_chaosd_audit_whole",
                     "1 when the chain of the audit was whole and it can be written.", gauge,
                     stats.audit_ok ? 1 : 0));
  auto requests = family("faultline_chaosd_http_requests_total", "Replies by status.", counter);
  for (const auto& [status, count] : stats.requests) {
    add(requests, count, {{"code", std::to_string(status)}});
  }
  if (!requests.metric.empty()) page.push_back(std::move(requests));
  page.push_back(one("faultline_chaosd_guard_plans_to_accept_total",
                     "Injections that were answered with a plan to accept.", counter,
                     stats.plans_to_accept));
  page.push_back(one("faultline_chaosd_lever_engaged",
                     "1 while the safety lever forbids every new fault.", gauge,
                     stats.lever_engaged ? 1 : 0));
  page.push_back(one("faultline_chaosd_runtime_up",
                     "1 while Docker, or the local processes, can be listed: of several Docker "
                     "hosts one at least.",
                     gauge, stats.runtime_ok ? 1 : 0));
  auto hosts =
      family("faultline_chaosd_docker_host_up",
             "1 while the containers of this one of several Docker hosts can be listed.", gauge);
  for (const auto& [name, ok] : stats.hosts_ok) add(hosts, ok ? 1 : 0, {{"docker_host", name}});
  if (!hosts.metric.empty()) page.push_back(std::move(hosts));
  return prometheus::TextSerializer{}.Serialize(page);
}

}  // namespace faultline::chaos::metrics
