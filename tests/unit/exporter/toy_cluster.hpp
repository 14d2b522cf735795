#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "exporter/observe/assemble.hpp"
#include "exporter/observe/diff.hpp"

namespace faultline::test {

/// A cluster of the simplest kind, with CockroachDB's timings of 22.1: records hold for
/// 9 s and are renewed every 4.5 s by nodes that can reach a majority, gossip forgets
/// a node after 3 s, store gauges move every 10 s and are zero on a node that is not
/// live in its own eyes. It writes Readings as the sources would; no I/O, no threads.
class ToyCluster {
 public:
  enum class State { up, killed, paused, isolated };

  /// Ranges have `voters` voters each, spread round-robin; store n+10 is on node n, so
  /// that nobody takes one for the other, and n+20 is its second one; a range's replicas
  /// are all on first stores, or all on second ones.
  ToyCluster(int nodes, int ranges, int voters = 3, int stores = 1);
  /// The node goes on without it, as after a restart; or has it back.
  void lose_store(std::int64_t store) { lost_stores_.insert(StoreId{store}); }
  void give_back_stores() { lost_stores_.clear(); }

  void set(int node, State state);
  void set_container(int node, ContainerState state);
  void decommission(int node, sources::Membership membership);
  /// Its replicas to the first active nodes that have none of that range.
  void move_off(int node);
  /// Two nodes that cannot see each other, and can again; liveness does not mind.
  void cut(int a, int b) { cuts_.insert(std::minmax(a, b)); }
  void mend(int a, int b) { cuts_.erase(std::minmax(a, b)); }
  void advance(milliseconds by);

  /// What the sources have just read. Placement only while a majority is live.
  void poll();

  /// poll, assemble, remember; the picture.
  const ClusterSnapshot& look();
  /// Looks five times a second for so long, and once more.
  const ClusterSnapshot& watch(std::chrono::milliseconds duration) {
    for (auto left = duration; left > left.zero(); left -= std::chrono::milliseconds{200}) {
      advance(std::chrono::milliseconds{200});
      look();
    }
    return look();
  }
  [[nodiscard]] const std::vector<ClusterEvent>& last_events() const { return events_; }

  observe::Readings readings;  ///< Tests may bend them between `poll` and `assemble`.
  observe::Memory memory;
  observe::ImpactBasis basis;       ///< Of the last `assemble`.
  bool descriptors_wanted = false;  ///< The same.
  observe::Seeds seeds;
  WallTime now;

  /// assemble and remember, without polling.
  const ClusterSnapshot& assemble();

 private:
  void poll_containers();
  struct Node {
    NodeId id;
    State state = State::up;
    WallTime since;
    WallTime expires_at;
    std::int64_t epoch = 1;
    std::int64_t leases = 0;
    sources::Membership membership = sources::Membership::active;
    std::optional<ContainerState> container;
    std::vector<WallTime> frozen;  ///< Records as it last saw them, while isolated.
    // Gauges as of its last tick.
    std::int64_t ranges = 0;
    std::int64_t unavailable = 0;
    std::int64_t underreplicated = 0;
  };

  [[nodiscard]] bool majority_connected() const;
  [[nodiscard]] bool answers(const Node& node) const;
  /// In nodes_; the second stores of nodes are numbered from 21 on, the first from 11 on.
  [[nodiscard]] std::size_t index_of(StoreId store) const {
    const auto from_first = static_cast<std::size_t>(store.value - 11);
    return stores_ == 1 ? from_first : from_first % 10;
  }
  [[nodiscard]] bool live_in_own_eyes(const Node& node) const;
  [[nodiscard]] std::int64_t peers_lost(const Node& node) const;
  void heartbeat();
  void tick_gauges();
  [[nodiscard]] sources::NodeVars vars_of(const Node& node) const;
  [[nodiscard]] sources::GossipView view_of(const Node& witness) const;
  [[nodiscard]] std::string sql(NodeId id) const;
  [[nodiscard]] std::string http(NodeId id) const;

  std::vector<Node> nodes_;
  std::vector<std::vector<StoreId>> voters_;
  int stores_ = 1;
  std::set<StoreId> lost_stores_;
  std::set<std::pair<int, int>> cuts_;
  std::vector<ClusterEvent> events_;
  std::int64_t steps_ = 0;
};

}  // namespace faultline::test
