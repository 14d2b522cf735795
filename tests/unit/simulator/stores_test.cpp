// Nodes with several stores: ids, placement, loss of a node and of one store.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/simulator/small_cluster.hpp"

namespace faultline::sim::cluster {
namespace {

/// The newest descriptor of every range that some node has.
std::map<RangeNumber, Descriptor> ranges_of(SmallCluster& cluster, const std::set<int>& nodes) {
  std::map<RangeNumber, Descriptor> newest;
  for (const int i : nodes) {
    for (const auto& [range, replica] : cluster.node(i).replicas()) {
      Descriptor& known = newest[range];
      if (replica->descriptor().generation >= known.generation) known = replica->descriptor();
    }
  }
  return newest;
}

std::map<StoreNumber, int> replicas_by_store(SmallCluster& cluster, const std::set<int>& nodes) {
  std::map<StoreNumber, int> count;
  for (const auto& [range, descriptor] : ranges_of(cluster, nodes)) {
    for (const StoreNumber store : descriptor.stores) ++count[store];
  }
  return count;
}

bool full(SmallCluster& cluster, const std::set<int>& nodes, std::size_t size) {
  const auto ranges = ranges_of(cluster, nodes);
  return std::ranges::all_of(ranges, [&](const auto& entry) {
    const Descriptor& each = entry.second;
    return each.replicas.size() == std::min<std::size_t>(size, each.factor == 3 ? 3 : size);
  });
}

std::map<NodeNumber, std::vector<StoreNumber>> ids_of(SmallCluster& cluster, int nodes) {
  std::map<NodeNumber, std::vector<StoreNumber>> all;
  for (int i = 1; i <= nodes; ++i) all[cluster.node(i).self()] = cluster.node(i).store_ids();
  return all;
}

// The first node's stores are 1 and 2 from the start; a node that joins is given one id
// with its own and asks for the others'.
TEST(Stores, TheirIdsAreGivenOnceAndAreNotTheNodes) {
  SmallCluster cluster(3, 77, Release::v22_1, 2);
  ASSERT_GE(cluster.run_until(20, [&] { return cluster.node(3).store_ids().size() == 2; }), 0);
  const auto before = ids_of(cluster, 3);
  EXPECT_EQ(before.at(1), (std::vector<StoreNumber>{1, 2}));
  std::set<StoreNumber> all;
  for (const auto& [node, stores] : before) all.insert(stores.begin(), stores.end());
  EXPECT_EQ(all, (std::set<StoreNumber>{1, 2, 3, 4, 5, 6}));
  EXPECT_NE(before.at(2).front(), 2);

  cluster.kill(2);
  cluster.run(2);
  cluster.start(2);
  ASSERT_GE(cluster.run_until(20, [&] { return cluster.node(2).live_now(); }), 0);
  EXPECT_EQ(ids_of(cluster, 3), before) << "kept over a restart";
}

TEST(Stores, ARangeHasOneReplicaANodeAndTheStoresFillEvenly) {
  SmallCluster cluster(4, 77, Release::v22_1, 2);
  const std::set<int> all = {1, 2, 3, 4};
  ASSERT_GE(cluster.run_until(60, [&] { return full(cluster, all, 3); }), 0);
  const auto even = [&] {
    const auto count = replicas_by_store(cluster, all);
    int least = 1000, most = 0;
    for (const auto& [store, replicas] : count) {
      least = std::min(least, replicas);
      most = std::max(most, replicas);
    }
    return count.size() == 8 && most - least <= 6;
  };
  EXPECT_GE(cluster.run_until(300, even), 0);
  for (const auto& [range, descriptor] : ranges_of(cluster, all)) {
    const std::set<NodeNumber> nodes(descriptor.replicas.begin(), descriptor.replicas.end());
    EXPECT_EQ(nodes.size(), descriptor.replicas.size()) << range;
    ASSERT_EQ(descriptor.stores.size(), descriptor.replicas.size()) << range;
    for (const NodeNumber node : nodes) {
      const auto own = cluster.node(static_cast<int>(node)).store_ids();
      EXPECT_NE(std::ranges::find(own, descriptor.store_on(node)), own.end()) << range;
    }
  }
}

TEST(Stores, EachHasItsOwnNumbersAndTheNodesAreTheirSum) {
  SmallCluster cluster(3, 77, Release::v22_1, 2);
  ASSERT_GE(cluster.run_until(60, [&] { return full(cluster, {1, 2, 3}, 3); }), 0);
  cluster.run(60);
  Node& node = cluster.node(2);
  std::int64_t replicas = 0, leases = 0;
  for (const StoreNumber store : node.store_ids()) {
    const double held = metric_value(node, "replicas", store);
    EXPECT_GT(held, 10) << store;
    EXPECT_LT(held, 35) << store;
    replicas += static_cast<std::int64_t>(held);
    leases += static_cast<std::int64_t>(metric_value(node, "replicas.leaseholders", store));
  }
  EXPECT_EQ(replicas, std::ssize(node.replicas()));
  const auto sum = cluster.node(1).gossiped_sum(2, cluster.now());
  EXPECT_EQ(sum.ranges, replicas);
  EXPECT_NEAR(static_cast<double>(sum.leases), static_cast<double>(leases), 3);
  double counted = 0;
  for (int i = 1; i <= 3; ++i) counted += metric_sum(cluster.node(i), "ranges");
  EXPECT_EQ(counted, 44) << "every range is counted by one store";
}

TEST(Stores, WithItsNodeAllOfThemAreGoneAndAreReplacedByStore) {
  SmallCluster cluster(4, 77, Release::v22_1, 2);
  ASSERT_GE(cluster.run_until(60, [&] { return full(cluster, {1, 2, 3, 4}, 3); }), 0);
  cluster.run(100);
  const auto lost = cluster.node(3).store_ids();
  cluster.kill(3);
  const std::set<int> left = {1, 2, 4};
  ASSERT_GE(cluster.run_until(30, [&] { return !cluster.node(1).live(3); }), 0);
  cluster.run(11);
  double under = 0;
  for (const int i : left) under += metric_sum(cluster.node(i), "ranges.underreplicated");
  EXPECT_GT(under, 10);
  const auto gone = [&] {
    const auto count = replicas_by_store(cluster, left);
    return std::ranges::none_of(lost, [&](StoreNumber store) { return count.contains(store); });
  };
  cluster.run(200);
  EXPECT_FALSE(gone()) << "not before five minutes";
  EXPECT_GE(cluster.run_until(400, gone), 0);
  EXPECT_TRUE(full(cluster, left, 3));
}

// Documented (#123561): the gauges ask whether the node lives. The cluster repairs all the
// same when the store has been silent for as long as a dead node, on the node's other store.
TEST(Stores, OneThatIsMissingWhileItsNodeLivesIsNotCountedAndIsReplaced) {
  SmallCluster cluster(3, 77, Release::v22_1, 2);
  const std::set<int> all = {1, 2, 3};
  ASSERT_GE(cluster.run_until(60, [&] { return full(cluster, all, 3); }), 0);
  cluster.run(60);
  const StoreNumber lost = cluster.store(2, 1).saved.store;
  const auto on_lost = [&] { return replicas_by_store(cluster, all)[lost]; };
  ASSERT_GT(on_lost(), 10);
  cluster.kill(2);
  cluster.run(1);
  cluster.start(2, 1);
  ASSERT_GE(cluster.run_until(30, [&] { return cluster.node(2).live_now(); }), 0);
  EXPECT_EQ(cluster.node(2).store_ids().size(), 1U);
  cluster.run(30);
  EXPECT_GT(on_lost(), 10) << "its replicas are still there, by the descriptors";
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(metric_sum(cluster.node(i), "ranges.underreplicated"), 0) << i;
    EXPECT_EQ(metric_sum(cluster.node(i), "ranges.unavailable"), 0) << i;
  }
  EXPECT_GE(cluster.run_until(600, [&] { return on_lost() == 0; }), 0);
  EXPECT_TRUE(full(cluster, all, 3));

  // And when it comes back it has nothing that anybody waits for.
  cluster.kill(2);
  cluster.run(1);
  cluster.start(2);
  ASSERT_GE(cluster.run_until(30, [&] { return cluster.node(2).live_now(); }), 0);
  EXPECT_EQ(cluster.node(2).store_ids().size(), 2U);
  cluster.run(30);
  EXPECT_TRUE(cluster.write(3, kLivenessRange, "row/1", "x", 10));
}

// Store liveness is between stores: a lease that a missing one holds ends, although its node
// answers.
TEST(Stores, ALeaderLeaseEndsWithItsStore) {
  SmallCluster cluster(3, 77, Release::v25_2, 2);
  const std::set<int> all = {1, 2, 3};
  ASSERT_GE(cluster.run_until(60, [&] { return full(cluster, all, 3); }), 0);
  cluster.run(60);
  const StoreNumber lost = cluster.store(2, 1).saved.store;
  std::vector<RangeNumber> held;
  for (const auto& [range, replica] : cluster.node(2).replicas()) {
    if (replica->serves() && replica->descriptor().store_on(2) == lost) held.push_back(range);
  }
  ASSERT_FALSE(held.empty());
  cluster.kill(2);
  cluster.run(1);
  cluster.start(2, 1);
  ASSERT_GE(cluster.run_until(30, [&] { return cluster.node(2).live_now(); }), 0);
  for (const RangeNumber range : held) {
    EXPECT_TRUE(cluster.write(3, range, "row/1", "x", 20)) << range;
  }
}

TEST(Stores, ADecommissionedNodeLosesTheReplicasOfAllOfThem) {
  SmallCluster cluster(4, 77, Release::v22_1, 2);
  ASSERT_GE(cluster.run_until(60, [&] { return full(cluster, {1, 2, 3, 4}, 3); }), 0);
  cluster.run(60);
  cluster.node(1).change_membership(4, "decommissioning");
  EXPECT_GE(cluster.run_until(400, [&] { return cluster.node(4).replicas().empty(); }), 0);
  EXPECT_TRUE(full(cluster, {1, 2, 3}, 3));
}

TEST(Stores, OneThatIsAddedLaterGetsAnIdAndReplicas) {
  SmallCluster cluster(3, 77, Release::v22_1, 1);
  ASSERT_GE(cluster.run_until(60, [&] { return full(cluster, {1, 2, 3}, 3); }), 0);
  cluster.kill(2);
  cluster.grow_stores(2);
  cluster.run(1);
  cluster.start(2);
  ASSERT_GE(cluster.run_until(30, [&] { return cluster.node(2).store_ids().size() == 2; }), 0);
  EXPECT_EQ(cluster.node(2).store_ids(), (std::vector<StoreNumber>{2, 4}));
  EXPECT_GE(cluster.run_until(200,
                              [&] {
                                return replicas_by_store(cluster, {1, 2, 3})[4] > 15;
                              }),
            0);
  EXPECT_EQ(std::ssize(cluster.store(2, 1).saved.copies), replicas_by_store(cluster, {2})[4])
      << "what moved is in the new store's file and not in the old one's";
}

}  // namespace
}  // namespace faultline::sim::cluster
