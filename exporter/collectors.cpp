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
constexpr poll::Cadence kContainers{milliseconds{10}, milliseconds{10},
                                    sources::ContainersSource::kWait + milliseconds{700},
                                    milliseconds{500}};

constexpr poll::Cadence kClusterLog{milliseconds{15'000}, milliseconds{5000}, milliseconds{4000},
                                    milliseconds{2000}};

constexpr poll::Cadence kKvStatus{milliseconds{15'000}, milliseconds{10'000}, milliseconds{5000},
                                  milliseconds{2000}};

// Statements that answer from memory: three gateways within one read.
constexpr milliseconds kQuickAttempt{500};
constexpr milliseconds kQuickStatement{1500};
constexpr milliseconds kLeaseStatement = sources::LeaseholderDesk::kBudget - milliseconds{300};
constexpr milliseconds kPatientStatement = kPlacement.budget - milliseconds{500};

template <class Part>
std::optional<poll::Reading<Part>> reading(bool on, const poll::Poller<Part>& poller) {
  return on ? std::optional{poller.latest()} : std::nullopt;
}

std::function<void()> rings(poll::Wakeup& news) {
  return [&news] { news.ring(); };
}

}  // namespace

Collectors::Collectors(const ClusterConfig& cluster, const CollectorConfig& collect, Links links,
                       const std::string& boot, const std::string& logs)
    : cluster_(cluster),
      collect_(collect),
      book_(links.book),
      follow_containers_(collect.containers && !cluster.chaosd_address.empty()),
      http_(links.book),
      nodes_(http_, cluster.login.certs_dir, links.clock),
      first_gateway_("gossip", links.roster, dial(kQuickStatement), kQuickAttempt, true),
      second_gateway_("witness", links.roster, dial(kQuickStatement), kQuickAttempt, true),
      patient_gateway_("placement", links.roster, dial(kPatientStatement), kPlacement.budget,
                       false),
      process_(links.roster, http_, nodes_),
      metrics_(links.roster, nodes_, dial(kQuickStatement), links.clock),
      gossip_(first_gateway_),
      witness_(second_gateway_),
      placement_(patient_gateway_),
      containers_(cluster.chaosd_address, cluster.chaosd_token, http_),
      kv_gate_(links.clock),
      log_gateway_("cluster_log", links.roster, dial(kQuickStatement), sources::KvGate::kBudget,
                   false),
      cluster_log_(log_gateway_, links.clock),
      log_tier_(cluster_log_, log_gateway_, kv_gate_, links.clock),
      placement_by_size_(placement_, patient_gateway_),
      placement_tier_(placement_by_size_, patient_gateway_, kv_gate_, links.clock),
      status_gateway_("kv_status", links.roster, dial(kKvStatus.budget - milliseconds{500}),
                      kKvStatus.budget, false),
      kv_status_(status_gateway_, links.roster, links.clock),
      status_tier_(kv_status_, status_gateway_, kv_gate_, links.clock),
      lease_gateway_("leaseholders", links.roster, dial(kLeaseStatement),
                     sources::LeaseholderDesk::kBudget, false),
      leaseholders_(lease_gateway_, kv_gate_),
      process_poller_("process", process_, links.clock, kProcess, rings(links.news),
                      make_logger(logs + ".process")),
      metrics_poller_("metrics", metrics_, links.clock, kMetrics, rings(links.news),
                      make_logger(logs + ".metrics")),
      gossip_poller_("gossip", gossip_, links.clock, kGossip, rings(links.news),
                     make_logger(logs + ".sql")),
      witness_poller_("witness", witness_, links.clock, kGossip, rings(links.news),
                      make_logger(logs + ".sql")),
      placement_poller_("placement", placement_tier_, links.clock, kPlacement, rings(links.news),
                        make_logger(logs + ".sql")),
      containers_poller_("containers", containers_, links.clock, kContainers, rings(links.news),
                         make_logger(logs + ".containers")),
      log_poller_("cluster_log", log_tier_, links.clock, kClusterLog, rings(links.news),
                  make_logger(logs + ".sql")),
      status_poller_("kv_status", status_tier_, links.clock, kKvStatus, rings(links.news),
                     make_logger(logs + ".sql")),
      probe_({collect.probe_interval, collect.probe_timeout, boot},
             {links.roster, dial(collect.probe_timeout * 7 / 8, false),
              dial(kPatientStatement, false), links.clock, rings(links.news)},
             make_logger(logs + ".probe")),
      lease_desk_([this](const sources::TableName& table,
                         Deadline deadline) { return leaseholders_.read(table, deadline); },
                  links.clock) {}

void Collectors::start() {
  if (collect_.process) process_poller_.start();
  if (collect_.metrics) metrics_poller_.start();
  if (collect_.gossip) gossip_poller_.start();
  if (collect_.gossip) witness_poller_.start();
  if (collect_.placement) placement_poller_.start();
  if (follow_containers_) containers_poller_.start();
  if (collect_.cluster_log) log_poller_.start();
  if (collect_.kv_status) status_poller_.start();
  if (cluster_.collect_probe) probe_.start();
  lease_desk_.start();
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
  lease_desk_.request_stop();
}

observe::Readings Collectors::readings() const {
  return {reading(collect_.process, process_poller_),
          reading(collect_.metrics, metrics_poller_),
          reading(collect_.gossip, gossip_poller_),
          reading(collect_.gossip, witness_poller_),
          reading(collect_.placement, placement_poller_),
          reading(follow_containers_, containers_poller_),
          reading(collect_.cluster_log, log_poller_),
          reading(collect_.kv_status, status_poller_),
          cluster_.collect_probe ? std::optional{probe_.latest()} : std::nullopt};
}

observe::Observer::Wiring Collectors::wiring() {
  return {[this] { return readings(); },
          {&process_poller_, &metrics_poller_, &gossip_poller_, &witness_poller_,
           &placement_poller_, &log_poller_, &status_poller_},
          {&process_poller_, &metrics_poller_, &witness_poller_},
          {&placement_poller_}};
}

sql::SessionFactory Collectors::dial(milliseconds statement_timeout, bool read_only) {
  const sql::SessionOptions options{cluster_.login, statement_timeout, read_only,
                                    cluster_.session_settings};
  return [this, options](const std::string& address) -> std::unique_ptr<sql::Session> {
    return std::make_unique<sql::PqxxSession>(address, options, book_, watchdog_);
  };
}

}  // namespace faultline::exporter
