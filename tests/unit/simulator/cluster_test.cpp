#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/simulator/small_cluster.hpp"

namespace faultline::sim::cluster {
namespace {

int total(const std::map<NodeNumber, int>& counts) {
  int sum = 0;
  for (const auto& [node, count] : counts) sum += count;
  return sum;
}

TEST(Cluster, ThreeNodesReplicateEveryRangeThreeTimesAndShareTheLeases) {
  SmallCluster cluster(3);
  EXPECT_GE(cluster.run_until(30, [&] { return cluster.sizes()[3] == 44; }), 0);
  cluster.run(20);
  const auto leases = cluster.leases();
  EXPECT_EQ(total(leases), 44);
  for (const auto& [node, count] : leases) EXPECT_GE(count, 9) << node;
  EXPECT_EQ(cluster.node(2).livenodes(), 3);
  EXPECT_EQ(cluster.node(3).gauges().sum("ranges.underreplicated"), 0);
}

/// meta2 as the newest copy of its range has it: generations by range.
std::map<RangeNumber, std::int64_t> told_by_meta2(SmallCluster& cluster, int nodes) {
  const Copy* newest = nullptr;
  for (int i = 1; i <= nodes; ++i) {
    const auto found = cluster.node(i).replicas().find(kMetaRange);
    if (found == cluster.node(i).replicas().end()) continue;
    const Copy& copy = found->second->copy();
    if (newest == nullptr || copy.index > newest->index) newest = &copy;
  }
  std::map<RangeNumber, std::int64_t> told;
  for (const auto& [key, value] : newest->state.rows) {
    const auto place = decode_descriptor(value);
    if (key.starts_with("meta2/") && place) told[place->range] = place->generation;
  }
  return told;
}

// What is asked again because no answer came in time arrives twice, and late.
TEST(Cluster, Meta2NeverGoesBackToWhereARangeWas) {
  for (const std::uint64_t seed : {30U, 31U, 32U}) {
    SmallCluster cluster(3, seed);
    cluster.run(40);
    std::map<RangeNumber, std::int64_t> true_generations;
    for (int i = 1; i <= 3; ++i) {
      for (const auto& [range, replica] : cluster.node(i).replicas()) {
        auto& known = true_generations[range];
        known = std::max(known, replica->descriptor().generation);
      }
    }
    EXPECT_EQ(told_by_meta2(cluster, 3), true_generations) << "seed " << seed;
  }
}

TEST(Cluster, FiveNodesKeepSystemRangesFiveTimesAndTheRestThreeTimes) {
  SmallCluster cluster(5);
  EXPECT_GE(
      cluster.run_until(60, [&] { return cluster.sizes()[5] == 43 && cluster.sizes()[3] == 1; }),
      0);
}

TEST(Cluster, NeededVotersNeverAreEvenNorMoreThanTheNodes) {
  EXPECT_EQ(needed_voters(5, 5), 5);
  EXPECT_EQ(needed_voters(5, 4), 3);
  EXPECT_EQ(needed_voters(5, 3), 3);
  EXPECT_EQ(needed_voters(3, 5), 3);
  EXPECT_EQ(needed_voters(3, 2), 1);
  EXPECT_EQ(needed_voters(3, 1), 1);
}

TEST(Cluster, KilledNodeIsNotLiveInGossipAfterTwoToFourSeconds) {
  SmallCluster cluster(3);
  cluster.run(30);
  cluster.kill(3);
  const double gossip = cluster.run_until(10, [&] { return !cluster.is_live(1, 3); });
  EXPECT_GE(gossip, 2.0);
  EXPECT_LE(gossip, 4.1);
  const double liveness =
      gossip + cluster.run_until(12, [&] { return cluster.node(1).livenodes() == 2; });
  EXPECT_GE(liveness, 4.4);
  EXPECT_LE(liveness, 16.0);
}

TEST(Cluster, LeasesOfADeadNodeMoveWhenAskedForAndItsEpochEnds) {
  SmallCluster cluster(3);
  cluster.run(30);
  const int victim = cluster.leases()[3];
  ASSERT_GT(victim, 0);
  cluster.kill(3);
  cluster.run(9.5);
  EXPECT_LT(total(cluster.leases()), 44) << "nobody has asked for most of them";
  for (RangeNumber range = 1; range <= 44; ++range) {
    KvRequest request;
    request.range = range;
    request.op = KvOp::lease;
    const auto reply = cluster.ask(1, request, 15);
    ASSERT_TRUE(reply) << range;
    EXPECT_NE(reply->hint, 3) << range;
  }
  EXPECT_EQ(total(cluster.leases()), 44);
  EXPECT_EQ(cluster.node(1).liveness(3)->epoch, 2);
}

TEST(Cluster, WithoutQuorumTheSurvivorReadsFalseZeros) {
  SmallCluster cluster(3);
  cluster.run(30);
  cluster.kill(2);
  cluster.kill(3);
  EXPECT_GE(cluster.run_until(14, [&] { return cluster.node(1).livenodes() == 0; }), 4.0);
  cluster.run(30);
  const Gauges& gauges = cluster.node(1).gauges();
  EXPECT_EQ(gauges.sum("replicas"), 44);
  EXPECT_EQ(gauges.sum("ranges"), 0);
  EXPECT_EQ(gauges.sum("ranges.unavailable"), 0);
  EXPECT_EQ(gauges.sum("ranges.underreplicated"), 0);
  EXPECT_GT(gauges.sum("requests.slow.lease"), 0);
  EXPECT_FALSE(cluster.read(1, kRangeLogRange, "log/", 5));
  EXPECT_FALSE(cluster.write(1, kRangeLogRange, "log/x", "y", 5));
}

TEST(Cluster, QuorumThatReturnsBringsBackEverythingThatWasAcknowledged) {
  SmallCluster cluster(3);
  cluster.run(30);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(cluster.write(1 + i % 3, kJobsRange, "k" + std::to_string(i), "v"));
  }
  cluster.kill(2);
  cluster.kill(3);
  cluster.run(30);
  cluster.start(3);
  const auto rows = cluster.read(1, kJobsRange, "k", 40);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows.size(), 20U);
  EXPECT_EQ(cluster.node(3).self(), 3);
}

TEST(Cluster, WriteThatTimedOutInTheLeadersHandsLandsWhenQuorumReturns) {
  SmallCluster cluster(3);
  cluster.run(30);
  RangeNumber range = 0;
  for (RangeNumber each = 10; each <= 44 && range == 0; ++each) {
    if (cluster.node(1).replica(each)->serves()) range = each;
  }
  ASSERT_NE(range, 0);
  cluster.kill(2);
  cluster.kill(3);
  cluster.run(0.1);
  EXPECT_FALSE(cluster.write(1, range, "late", "landed", 1));
  cluster.run(25);
  cluster.start(2);
  const auto rows = cluster.read(2, range, "late", 40);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->rows.size(), 1U);
  EXPECT_EQ(rows->rows[0].second, "landed");
}

TEST(Cluster, LeaderThatWasCutOffCannotWriteAfterOthersTookItsLease) {
  SmallCluster cluster(3);
  cluster.run(30);
  RangeNumber range = 0;
  for (RangeNumber each = 10; each <= 44 && range == 0; ++each) {
    if (cluster.node(3).replica(each)->serves()) range = each;
  }
  ASSERT_NE(range, 0);
  ASSERT_TRUE(cluster.write(1, range, "key", "before"));
  cluster.cut(3, 1);
  cluster.cut(3, 2);
  ASSERT_TRUE(cluster.write(1, range, "key", "majority", 20));
  EXPECT_FALSE(cluster.node(3).replica(range)->serves());
  EXPECT_FALSE(cluster.read(3, range, "key", 3)) << "a stale read";
  EXPECT_FALSE(cluster.write(3, range, "key", "minority", 3));
  cluster.mend();
  const auto rows = cluster.read(3, range, "key", 30);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows.at(0).second, "majority");
}

TEST(Cluster, PausedNodeIsSilentAndRejoinsByItselfWithTheSameId) {
  SmallCluster cluster(3);
  cluster.run(30);
  cluster.pause(3);
  cluster.run(20);
  EXPECT_EQ(cluster.node(1).livenodes(), 2);
  EXPECT_TRUE(cluster.node(1).has_silent_peer());
  EXPECT_TRUE(cluster.read(1, kStatusRange, "status/", 10));
  cluster.resume(3);
  EXPECT_GE(cluster.run_until(15, [&] { return cluster.node(1).livenodes() == 3; }), 0);
  EXPECT_FALSE(cluster.node(1).has_silent_peer());
  EXPECT_GE(cluster.run_until(5, [&] { return cluster.node(3).livenodes() == 3; }), 0);
}

TEST(Cluster, NodeStartedWithoutQuorumStaysWithoutALivenessRecord) {
  SmallCluster cluster(3);
  cluster.run(20);
  for (int i = 1; i <= 3; ++i) cluster.kill(i);
  cluster.start(2);
  cluster.run(30);
  EXPECT_EQ(cluster.node(2).phase(), Phase::starting);
  cluster.start(1);
  EXPECT_GE(cluster.run_until(20, [&] { return cluster.node(2).phase() == Phase::serving; }), 0);
}

TEST(Cluster, DrainingGivesAllLeasesAwayWithinTwoSeconds) {
  SmallCluster cluster(3);
  cluster.run(40);
  cluster.node(3).start_draining(cluster.now());
  EXPECT_GE(cluster.run_until(2, [&] { return cluster.node(3).allocator().leases_held() == 0; }),
            0);
  cluster.run(1);
  EXPECT_TRUE(cluster.node(1).liveness(3)->draining);
  EXPECT_EQ(total(cluster.leases()), 44);
}

TEST(Cluster, ReplicasOfADeadNodeAreReplacedOnlyWhereThereIsRoom) {
  SmallCluster cluster(5);
  cluster.run(60);
  ASSERT_TRUE(
      cluster.write(1, kSystemConfigRange, "setting/server.time_until_store_dead.seconds", "75"));
  const auto before = cluster.node(1).local_descriptor(kTimeSeriesRange)
                          ? cluster.node(1).local_descriptor(kTimeSeriesRange)
                          : cluster.node(1).router().route(kTimeSeriesRange);
  ASSERT_TRUE(before);
  const NodeNumber victim =
      before->replicas.back() == 1 ? before->replicas.front() : before->replicas.back();
  cluster.kill(static_cast<int>(victim));
  const auto holds_victim = [&] {
    const auto rows = cluster.read(1, kMetaRange, "meta2/4", 10);
    if (!rows) return true;
    for (const auto& [key, value] : rows->rows) {
      const auto descriptor = decode_descriptor(value);
      if (descriptor->range == kTimeSeriesRange) {
        return std::ranges::find(descriptor->replicas, victim) != descriptor->replicas.end();
      }
    }
    return true;
  };
  cluster.run(60);
  EXPECT_TRUE(holds_victim()) << "too early";
  cluster.run(60);
  EXPECT_FALSE(holds_victim());
  double underreplicated = 0;
  for (int i = 1; i <= 5; ++i) {
    if (i != victim) underreplicated += cluster.node(i).gauges().sum("ranges.underreplicated");
  }
  EXPECT_EQ(underreplicated, 43) << "four nodes cannot hold five replicas";
}

TEST(Cluster, NoAcknowledgedWriteIsEverLostWhateverSingleNodeDies) {
  SmallCluster cluster(3);
  cluster.run(30);
  std::set<std::string> acknowledged;
  for (int round = 0; round < 6; ++round) {
    const int victim = 1 + round % 3;
    const int gateway = 1 + (round + 1) % 3;
    cluster.kill(victim);
    for (int i = 0; i < 15; ++i) {
      const std::string key = "w" + std::to_string(round) + "-" + std::to_string(i);
      if (cluster.write(gateway, kJobsRange, key, "v", 1)) acknowledged.insert(key);
    }
    cluster.start(victim);
    cluster.run(round % 2 == 0 ? 12 : 4);
  }
  ASSERT_GT(acknowledged.size(), 40U);
  const auto rows = cluster.read(2, kJobsRange, "w", 30);
  ASSERT_TRUE(rows);
  std::set<std::string> found;
  for (const auto& [key, value] : rows->rows) found.insert(key);
  for (const std::string& key : acknowledged) EXPECT_TRUE(found.contains(key)) << key;
}

}  // namespace
}  // namespace faultline::sim::cluster
