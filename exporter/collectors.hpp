#pragma once

#include <stop_token>
#include <string>

#include "common/poll/poller.hpp"
#include "common/poll/wakeup.hpp"
#include "exporter/config.hpp"
#include "exporter/observe/observer.hpp"
#include "exporter/sources/containers.hpp"
#include "exporter/sources/kv_tier.hpp"
#include "exporter/sources/leaseholder_desk.hpp"
#include "exporter/sources/placement_by_size.hpp"

namespace faultline::exporter {

/// Every source with its session and its poller: one thread each (the probe: a few), so that a hung
/// database cannot delay the news about a stopped container. Main's thread only, but
/// for `readings`.
class Collectors {
 public:
  /// What it works with; all outlive it.
  struct Links {
    net::AddressBook& book;
    sources::Roster& roster;
    const Clock& clock;
    poll::Wakeup& news;  ///< Rung after each read.
  };

  /// Both configs outlive this. `boot` names this run to the probe's table; `logs` begins the
  /// names of its loggers.
  Collectors(const ClusterConfig& cluster, const CollectorConfig& collect, Links links,
             const std::string& boot, const std::string& logs);

  void start();
  /// Interrupts SQL in hand and asks every thread to end; the destructor waits.
  void request_stop();

  [[nodiscard]] observe::Readings readings() const;  ///< Copies; never blocks; any thread.
  /// What the observer drives them with.
  [[nodiscard]] observe::Observer::Wiring wiring();
  /// What was read last of a table's leases; has it read. Any thread.
  [[nodiscard]] std::optional<sources::LeaseholderDesk::Answer> leaseholders(
      const sources::TableName& table) {
    return lease_desk_.ask(table);
  }
  /// Whether a node's HTTP address speaks TLS. Any thread.
  [[nodiscard]] bool over_tls(const std::string& address) const { return nodes_.over_tls(address); }

 private:
  [[nodiscard]] sql::SessionFactory dial(milliseconds statement_timeout, bool read_only = true);

  const ClusterConfig& cluster_;
  const CollectorConfig& collect_;
  net::AddressBook& book_;
  const bool follow_containers_;
  std::stop_source stopping_;
  sql::Watchdog watchdog_{stopping_.get_token()};
  net::HttpClient http_;
  sources::NodeHttp nodes_;
  sources::GatewaySession first_gateway_;
  sources::GatewaySession second_gateway_;
  sources::GatewaySession patient_gateway_;
  sources::ProcessSource process_;
  sources::MetricsSource metrics_;
  sources::GossipSource gossip_;
  sources::GossipSource witness_;
  sources::PlacementSource placement_;
  sources::ContainersSource containers_;
  sources::KvGate kv_gate_;
  sources::GatewaySession log_gateway_;
  sources::ClusterLogSource cluster_log_;
  sources::KvTier<sources::ClusterLogPart> log_tier_;
  sources::PlacementBySize placement_by_size_;
  sources::KvTier<sources::PlacementPart> placement_tier_;
  sources::GatewaySession status_gateway_;
  sources::KvStatusSource kv_status_;
  sources::KvTier<sources::KvStatusPart> status_tier_;
  sources::GatewaySession lease_gateway_;
  sources::LeaseholdersSource leaseholders_;
  // Last: their threads end before what they use goes.
  poll::Poller<sources::ProcessPart> process_poller_;
  poll::Poller<sources::MetricsPart> metrics_poller_;
  poll::Poller<sources::GossipView> gossip_poller_;
  poll::Poller<sources::GossipView> witness_poller_;
  poll::Poller<sources::PlacementPart> placement_poller_;
  poll::Poller<ChaosView> containers_poller_;
  poll::Poller<sources::ClusterLogPart> log_poller_;
  poll::Poller<sources::KvStatusPart> status_poller_;
  sources::Probe probe_;
  sources::LeaseholderDesk lease_desk_;
};

}  // namespace faultline::exporter
