#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "simulator/cluster/profile.hpp"
#include "simulator/cluster/types.hpp"

namespace faultline::sim::fleet {

struct FleetOptions {
  std::int64_t nodes = 200;
  std::int64_t ranges = 1'000'000;  ///< The system's 44 among them.
  std::int64_t dead = 0;            ///< The last so many nodes: dead since the start.
  std::int64_t stores_per_node = 1;
  std::int64_t factor = 3;  ///< Replicas of a range that is not the system's (5).
  std::int64_t localities = 3;
  std::string host = "127.0.0.1";
  std::uint16_t sql_port = 26257;   ///< Of the first node; the next ones follow.
  std::uint16_t http_port = 28080;  ///< The same for HTTP.
  const cluster::Profile* profile = &cluster::profile(cluster::Release::v22_1);
};

/// What follows `crdbsim fleet`. An Error names the flag and says what would do.
[[nodiscard]] Result<FleetOptions> parse_fleet(const std::vector<std::string>& arguments);
[[nodiscard]] std::string fleet_usage();

/// Where a node listens; `first` is the first node's port.
[[nodiscard]] std::string address_of(const FleetOptions& options, std::uint16_t first,
                                     std::int64_t node);

/// Where a range's replicas are: store ids, the first is its preferred leaseholder.
struct Placement {
  std::array<std::int64_t, 5> stores{};
  std::size_t count = 0;
};

/// What a store counts of its ranges, as the server's gauges do.
struct StoreTotals {
  std::int64_t replicas = 0, leaseholders = 0;
  std::int64_t ranges = 0, unavailable = 0, underreplicated = 0;
};

/// A cluster that stands still: who is dead, where every range is and who leads it. It is
/// all computed from the range's number, so a million ranges take no memory; only the
/// sums per store are kept. Const after construction: any thread.
class FleetPlan {
 public:
  explicit FleetPlan(const FleetOptions& options);

  [[nodiscard]] const FleetOptions& options() const { return options_; }
  [[nodiscard]] bool dead(std::int64_t node) const;
  /// Store 1 is on node 1, ...; a node's second store has the id of the node plus the
  /// number of nodes: so store ids are not node ids, as on a real multi-store cluster.
  [[nodiscard]] std::int64_t node_of(std::int64_t store) const {
    return (store - 1) % options_.nodes + 1;
  }
  [[nodiscard]] std::int64_t stores() const { return options_.nodes * options_.stores_per_node; }
  [[nodiscard]] std::string locality(std::int64_t node) const;

  [[nodiscard]] Placement placement(cluster::RangeNumber range) const;
  /// The store that holds the lease; 0: nobody can take it.
  [[nodiscard]] std::int64_t leaseholder(const Placement& placement) const;
  [[nodiscard]] std::int64_t live_replicas(const Placement& placement) const;
  /// Start and end; its table, and whose replicas it has.
  [[nodiscard]] cluster::Descriptor descriptor(cluster::RangeNumber range) const;

  [[nodiscard]] const StoreTotals& totals(std::int64_t store) const {
    return totals_[static_cast<std::size_t>(store)];
  }
  /// The meta or the liveness range has no quorum: no node is live in anybody's eyes, all
  /// gauges of ranges read 0, and what needs KV hangs.
  [[nodiscard]] bool lost() const { return lost_; }
  [[nodiscard]] std::int64_t live_nodes() const {
    return lost_ ? 0 : options_.nodes - options_.dead;
  }

 private:
  void count(cluster::RangeNumber range);

  FleetOptions options_;
  std::vector<cluster::Descriptor> system_;
  std::vector<StoreTotals> totals_;  ///< By store id; the first is nobody's.
  bool lost_ = false;
};

}  // namespace faultline::sim::fleet
