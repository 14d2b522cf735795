#pragma once

#include <string>

#include "common/cluster/table_leases.hpp"
#include "exporter/collectors.hpp"
#include "exporter/observe/observer.hpp"

namespace faultline::exporter {

/// What all watched clusters share; outlives them.
struct Shared {
  net::AddressBook& book;
  const Clock& clock;
  const CollectorConfig& collect;
};

/// One cluster under watch, from its nodes to its board: each source reads on its own and
/// rings; the observer merges, hangs the picture up, and tells the sources through the roster
/// whom to ask. Clusters know nothing of one another.
class WatchedCluster {
 public:
  /// An empty `name`: the main one. Nothing runs yet.
  WatchedCluster(const std::string& name, ClusterConfig config, const Shared& shared);
  /// Stops, and waits for reads in hand: each is over by its deadline.
  ~WatchedCluster();
  WatchedCluster(const WatchedCluster&) = delete;
  WatchedCluster& operator=(const WatchedCluster&) = delete;

  void start();
  /// Asks all to end. Nothing is published afterwards; does not wait for reads in hand.
  void stop();

  [[nodiscard]] const ClusterConfig& config() const { return config_; }
  /// This watch of it: readers start anew when it changes.
  [[nodiscard]] const std::string& boot() const { return boot_; }
  [[nodiscard]] observe::SnapshotBoard& board() { return board_; }
  // Any thread.
  /// Whose leases a table's are, as far as was read; has it read.
  [[nodiscard]] Result<TableLeases> leaseholders(const std::string& table);
  [[nodiscard]] observe::EventCounts event_counts() const { return observer_.event_counts(); }
  [[nodiscard]] bool over_tls(const std::string& address) const {
    return collectors_.over_tls(address);
  }

 private:
  const ClusterConfig config_;
  const std::string boot_;
  sources::Roster roster_;
  poll::Wakeup news_;
  Collectors collectors_;
  observe::SnapshotBoard board_;
  observe::Observer observer_;
};

}  // namespace faultline::exporter
