#include "exporter/collectors.hpp"

namespace faultline::exporter {

namespace {

// What each tier costs the cluster and how long it may take. Only SQL, which a stop
// interrupts, may take longer than a shutdown.
constexpr poll::Cadence kProcess{milliseconds{2000}, milliseconds{200}, milliseconds{1000}};
constexpr poll::Cadence kMetrics{milliseconds{10'000}, milliseconds{2000}, milliseconds{1800}};
constexpr poll::Cadence kGossip{milliseconds{2000}, milliseconds{200}, milliseconds{1900}};
constexpr poll::Cadence kPlacement{milliseconds{60'000}, milliseconds{10'000}, milliseconds{10'000},
                                   milliseconds{2000}};
constexpr poll::Cadence kContainers{milliseconds{10}, milliseconds{10}, milliseconds{1700},
                                    milliseconds{500}};

constexpr poll::Cadence kClusterLog{milliseconds{15'000}, milliseconds{5000}, milliseconds{4000},
                                    milliseconds{2000}};

constexpr poll::Cadence kKvStatus{milliseconds{15'000}, milliseconds{10'000}, milliseconds{5000},
                                  milliseconds{2000}};

// Statements that answer from memory: three gateways within one read.
constexpr milliseconds kQuickAttempt{500};
constexpr milliseconds kQuickStatement{1500};
constexpr milliseconds kPatientStatement = kPlacement.budget - milliseconds{500};

template <class Part>
std::optional<poll::Reading<Part>> reading(bool on, const poll::Poller<Part>& poller) {
  return on ? std::optional{poller.latest()} : std::nullopt;
}

}  // namespace

Collectors::Collectors(const Config& config, net::AddressBook& book, sources::Roster& roster,
                       const Clock& clock, poll::Wakeup& news, const std::string& boot)
    : config_(config),
      book_(book),
      follow_containers_(config.collect_containers && !config.chaosd_address.empty()),
      http_(book),
      nodes_(http_, config.login.certs_dir, clock),
      first_gateway_("gossip", roster, dial(kQuickStatement), kQuickAttempt, true),
      second_gateway_("witness", roster, dial(kQuickStatement), kQuickAttempt, true),
      patient_gateway_("placement", roster, dial(kPatientStatement), kPlacement.budget, false),
      process_(roster, http_, nodes_),
      metrics_(roster, nodes_, dial(kQuickStatement), clock),
      gossip_(first_gateway_),
      witness_(second_gateway_),
      placement_(patient_gateway_),
      containers_(config.chaosd_address, config.chaosd_token, http_),
      kv_gate_(clock),
      log_gateway_("cluster_log", roster, dial(kQuickStatement), sources::KvGate::kBudget, false),
      cluster_log_(log_gateway_, clock),
      log_tier_(cluster_log_, log_gateway_, kv_gate_, clock),
      placement_by_size_(placement_, patient_gateway_),
      placement_tier_(placement_by_size_, patient_gateway_, kv_gate_, clock),
      status_gateway_("kv_status", roster, dial(kKvStatus.budget - milliseconds{500}),
                      kKvStatus.budget, false),
      kv_status_(status_gateway_, roster, clock),
      status_tier_(kv_status_, status_gateway_, kv_gate_, clock),
      process_poller_(
          "process", process_, clock, kProcess, [&news] { news.ring(); },
          make_logger("exporter.process")),
      metrics_poller_(
          "metrics", metrics_, clock, kMetrics, [&news] { news.ring(); },
          make_logger("exporter.metrics")),
      gossip_poller_(
          "gossip", gossip_, clock, kGossip, [&news] { news.ring(); }, make_logger("exporter.sql")),
      witness_poller_(
          "witness", witness_, clock, kGossip, [&news] { news.ring(); },
          make_logger("exporter.sql")),
      placement_poller_(
          "placement", placement_tier_, clock, kPlacement, [&news] { news.ring(); },
          make_logger("exporter.sql")),
      containers_poller_(
          "containers", containers_, clock, kContainers, [&news] { news.ring(); },
          make_logger("exporter.containers")),
      log_poller_(
          "cluster_log", log_tier_, clock, kClusterLog, [&news] { news.ring(); },
          make_logger("exporter.sql")),
      status_poller_(
          "kv_status", status_tier_, clock, kKvStatus, [&news] { news.ring(); },
          make_logger("exporter.sql")),
      probe_({config.probe_interval, config.probe_timeout, boot},
             {roster, dial(config.probe_timeout * 7 / 8, false), dial(kPatientStatement, false),
              clock, [&news] { news.ring(); }},
             make_logger("exporter.probe")) {}

void Collectors::start() {
  if (config_.collect_process) process_poller_.start();
  if (config_.collect_metrics) metrics_poller_.start();
  if (config_.collect_gossip) gossip_poller_.start();
  if (config_.collect_gossip) witness_poller_.start();
  if (config_.collect_placement) placement_poller_.start();
  if (follow_containers_) containers_poller_.start();
  if (config_.collect_cluster_log) log_poller_.start();
  if (config_.collect_kv_status) status_poller_.start();
  if (config_.collect_probe) probe_.start();
}

void Collectors::request_stop() {
  stopping_.request_stop();
  process_poller_.request_stop();
  metrics_poller_.request_stop();
  gossip_poller_.request_stop();
  witness_poller_.request_stop();
  placement_poller_.request_stop();
  containers_poller_.request_stop();
  log_poller_.request_stop();
  status_poller_.request_stop();
  probe_.request_stop();
}

observe::Readings Collectors::readings() const {
  return {reading(config_.collect_process, process_poller_),
          reading(config_.collect_metrics, metrics_poller_),
          reading(config_.collect_gossip, gossip_poller_),
          reading(config_.collect_gossip, witness_poller_),
          reading(config_.collect_placement, placement_poller_),
          reading(follow_containers_, containers_poller_),
          reading(config_.collect_cluster_log, log_poller_),
          reading(config_.collect_kv_status, status_poller_),
          config_.collect_probe ? std::optional{probe_.latest()} : std::nullopt};
}

observe::Observer::Wiring Collectors::wiring() {
  return {[this] { return readings(); },
          {&process_poller_, &metrics_poller_, &gossip_poller_, &witness_poller_,
           &placement_poller_, &log_poller_, &status_poller_},
          {&process_poller_, &metrics_poller_, &witness_poller_}};
}

sql::SessionFactory Collectors::dial(milliseconds statement_timeout, bool read_only) {
  const sql::SessionOptions options{config_.login, statement_timeout, read_only,
                                    config_.session_settings};
  return [this, options](const std::string& address) -> std::unique_ptr<sql::Session> {
    return std::make_unique<sql::PqxxSession>(address, options, book_, stopping_.get_token());
  };
}

}  // namespace faultline::exporter
