#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/cluster/gauges.hpp"
#include "simulator/cluster/replica.hpp"
#include "simulator/cluster/router.hpp"
#include "simulator/cluster/zone.hpp"

namespace faultline::sim::cluster {

/// A store as gossip tells of it.
struct StoreLoad {
  NodeNumber node = 0;
  std::int64_t ranges = 0, leases = 0;
  bool live = false;
  bool dead = false;  ///< Gone for longer than server.time_until_store_dead.
  bool draining = false;
  bool leaving = false;  ///< It is being decommissioned.
};

class AllocatorHost {
 public:
  virtual ~AllocatorHost() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual const Timing& timing() const = 0;
  [[nodiscard]] virtual NodeNumber self() const = 0;
  [[nodiscard]] virtual bool live(NodeNumber node) const = 0;
  [[nodiscard]] virtual bool reachable(NodeNumber node) const = 0;
  [[nodiscard]] virtual double random() = 0;
  [[nodiscard]] virtual std::map<RangeNumber, std::unique_ptr<Replica>>& replicas() = 0;
  [[nodiscard]] virtual std::vector<StoreLoad> stores() const = 0;
  [[nodiscard]] virtual double dead_after_seconds() const = 0;
  /// What CONFIGURE ZONE has set for that range.
  [[nodiscard]] virtual Zone zone(RangeNumber range) const = 0;
  /// Whether that node may have a replica in such a zone.
  [[nodiscard]] virtual bool in_zone(NodeNumber node, const Zone& zone) const = 0;
  virtual std::uint64_t call(KvRequest request, Router::Done done, Time give_up_at) = 0;
};

/// How many voters a range of that factor should have among so many nodes: never
/// more than there are, and never an even number.
[[nodiscard]] std::int64_t needed_voters(std::int64_t factor, std::int64_t nodes);

/// The replicate queue, the lease rebalancer and the scanner of one node: looks after
/// the ranges this node leads, one action at a time, at the recorded pace.
class Allocator {
 public:
  Allocator(AllocatorHost& host, Gauges& gauges) : host_(host), gauges_(gauges) {}

  void step(bool draining);
  [[nodiscard]] StoreCount count();
  [[nodiscard]] std::int64_t purgatory() const { return purgatory_; }
  /// Leases still to be given away before this node can leave.
  [[nodiscard]] std::int64_t leases_held();

 private:
  struct Choice {
    std::vector<NodeNumber> replicas;
    NodeNumber added = 0, removed = 0;
    std::string reason;
  };
  void refresh();
  bool replicate(Replica& replica, bool quick_only);
  [[nodiscard]] std::optional<Choice> choose(const Replica& replica);
  [[nodiscard]] NodeNumber lightest(const std::vector<NodeNumber>& except, const Zone& zone) const;
  /// A replica where its zone allows none, other nodes' first; 0: there is none.
  [[nodiscard]] NodeNumber misplaced(const std::vector<NodeNumber>& replicas,
                                     const Zone& zone) const;
  [[nodiscard]] std::int64_t needed(const Replica& replica, const Zone& zone) const;
  [[nodiscard]] NodeNumber heaviest(const std::vector<NodeNumber>& among) const;
  /// Stores that are there to stay: what the number of replicas is judged by.
  [[nodiscard]] std::int64_t staying() const;
  /// The live replica with the fewest leases that may take another; 0: none.
  [[nodiscard]] NodeNumber lease_taker(const Replica& replica);
  void log_change(RangeNumber range, const Choice& choice);
  void log_row(RangeNumber range, const std::string& event, NodeNumber store,
               const std::string& reason, NodeNumber other);
  void rebalance_leases();
  void drain();
  void give_lease(Replica& replica, NodeNumber target);
  void scan();
  [[nodiscard]] StoreLoad* store(NodeNumber node);

  AllocatorHost& host_;
  Gauges& gauges_;
  std::map<NodeNumber, StoreLoad> stores_;
  std::map<NodeNumber, StoreLoad> seen_;  ///< As gossiped: own estimates hold until it moves.
  Time replicate_at_ = 0, repair_at_ = 0, lease_at_ = 0, scan_at_ = 0, purgatory_at_ = 0;
  RangeNumber turn_ = 0, scan_turn_ = 0;
  std::int64_t purgatory_ = 0;
  std::uint64_t log_count_ = 0;
};

}  // namespace faultline::sim::cluster
