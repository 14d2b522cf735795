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
  StoreNumber store = 0;
  NodeNumber node = 0;
  std::int64_t ranges = 0, leases = 0;
  bool live = false;  ///< Its node is, and has it.
  bool dead = false;  ///< Gone for longer than server.time_until_store_dead.
  bool draining = false;
  bool leaving = false;  ///< It is being decommissioned.
};

/// How many nodes those stores are on, of the stores that `counts` says yes to.
[[nodiscard]] std::int64_t nodes_of(const std::vector<StoreLoad>& stores,
                                    bool (*counts)(const StoreLoad&));

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
  /// What each own store that has a replica counts.
  [[nodiscard]] std::map<StoreNumber, StoreCount> count();
  [[nodiscard]] std::int64_t purgatory(StoreNumber store) const {
    const auto it = purgatory_.find(store);
    return it == purgatory_.end() ? 0 : it->second;
  }
  /// Leases still to be given away before this node can leave.
  [[nodiscard]] std::int64_t leases_held() const;
  [[nodiscard]] std::int64_t leases_held(StoreNumber store) const;

 private:
  struct Choice {
    Descriptor next;
    const StoreLoad* added = nullptr;
    const StoreLoad* removed = nullptr;
    std::string reason;
  };
  void refresh();
  bool replicate(Replica& replica, bool quick_only);
  [[nodiscard]] std::optional<Choice> choose(const Replica& replica);
  [[nodiscard]] std::optional<Choice> rebalance(const Descriptor& range, const Zone& zone) const;
  /// The live store with the fewest ranges that may take one of this range: none on a node
  /// that has a replica, but for `leaves`, whose replica is to go. Null: there is none.
  [[nodiscard]] const StoreLoad* lightest(const Descriptor& range, NodeNumber leaves,
                                          const Zone& zone) const;
  [[nodiscard]] bool can_take(const StoreLoad& load) const;
  /// A replica where its zone allows none, other nodes' first; 0: there is none.
  [[nodiscard]] NodeNumber misplaced(const std::vector<NodeNumber>& replicas,
                                     const Zone& zone) const;
  [[nodiscard]] std::int64_t needed(const Replica& replica, const Zone& zone) const;
  /// Of the range's stores the one with most ranges, on another node than this.
  [[nodiscard]] const StoreLoad* heaviest(const Descriptor& range) const;
  /// Nodes that are there to stay: what the number of replicas is judged by.
  [[nodiscard]] std::int64_t staying() const;
  /// The live replica's store with the fewest leases that may take another; null: none.
  [[nodiscard]] const StoreLoad* lease_taker(const Replica& replica) const;
  void count_change(const Choice& choice, StoreNumber here);
  void log_change(const Choice& choice, StoreNumber here);
  void log_row(const Choice& choice, StoreNumber here, const std::string& event,
               const StoreLoad& changed, const std::string& reason, const StoreLoad* other);
  void rebalance_leases();
  [[nodiscard]] const StoreLoad* fullest_own() const;
  void drain();
  void give_lease(Replica& replica, const StoreLoad& target);
  void scan();
  [[nodiscard]] const StoreLoad* store(StoreNumber id) const;
  /// The store of the node's replica of that range.
  [[nodiscard]] const StoreLoad* store_on(const Descriptor& range, NodeNumber node) const {
    return store(range.store_on(node));
  }

  AllocatorHost& host_;
  Gauges& gauges_;
  std::map<StoreNumber, StoreLoad> stores_;
  std::map<StoreNumber, StoreLoad> seen_;  ///< As gossiped: own estimates hold until it moves.
  Time replicate_at_ = 0, repair_at_ = 0, lease_at_ = 0, scan_at_ = 0;
  RangeNumber turn_ = 0, scan_turn_ = 0;
  std::map<StoreNumber, std::int64_t> purgatory_;
  std::uint64_t log_count_ = 0;
};

}  // namespace faultline::sim::cluster
