// What CONFIGURE ZONE sets for one range, and that its replicas go there.
#include <gtest/gtest.h>

#include "simulator/cluster/zone.hpp"
#include "tests/unit/simulator/small_cluster.hpp"

namespace faultline::sim::cluster {
namespace {

using Nodes = std::vector<NodeNumber>;

Nodes replicas_of(SmallCluster& cluster, int observer, RangeNumber range) {
  const auto known = cluster.node(observer).local_descriptor(range);
  return known ? known->replicas : Nodes{};
}

void set_zone(SmallCluster& cluster, RangeNumber range, const Zone& zone) {
  ASSERT_TRUE(cluster.write(1, kSystemConfigRange, row_key("zone", range), encode_zone(zone)));
}

TEST(Zone, AllowsNodesThatHaveEveryTier) {
  const Zone zone{1, {"region=eu", "zone=a"}};
  EXPECT_TRUE(allows(zone, "region=eu,zone=a"));
  EXPECT_FALSE(allows(zone, "region=eu,zone=ab")) << "a tier is no prefix";
  EXPECT_FALSE(allows(zone, "region=us,zone=a"));
  EXPECT_FALSE(allows(zone, ""));
  EXPECT_TRUE(allows(Zone{}, ""));
}

TEST(Zone, IsReadAsItWasWritten) {
  const auto read = decode_zone(encode_zone({3, {"zone=a"}}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->replicas, 3);
  EXPECT_EQ(read->constraints, std::vector<std::string>{"zone=a"});
  EXPECT_FALSE(decode_zone("no zone"));
}

TEST(Zone, ARangeWithOneReplicaIsOnTheNodeThatWasAskedForAndStaysThere) {
  SmallCluster cluster(3);
  cluster.run(20);
  ASSERT_EQ(replicas_of(cluster, 1, kTimeSeriesRange).size(), 3U);
  set_zone(cluster, kTimeSeriesRange, {1, {"zone=z3"}});
  ASSERT_GE(
      cluster.run_until(60, [&] { return replicas_of(cluster, 3, kTimeSeriesRange) == Nodes{3}; }),
      0);
  cluster.run(60);
  EXPECT_EQ(replicas_of(cluster, 3, kTimeSeriesRange), Nodes{3}) << "nothing moves it back";
  EXPECT_EQ(cluster.sizes()[1], 1) << "the other ranges have theirs";
}

TEST(Zone, WithTheOnlyReplicaOfTheLivenessRangeEveryNodeIsLost) {
  SmallCluster cluster(3);
  cluster.run(20);
  set_zone(cluster, kLivenessRange, {1, {"zone=z3"}});
  ASSERT_GE(
      cluster.run_until(60, [&] { return replicas_of(cluster, 3, kLivenessRange) == Nodes{3}; }),
      0);
  cluster.run(10);
  ASSERT_EQ(cluster.node(1).livenodes(), 3);
  cluster.kill(3);
  EXPECT_GE(cluster.run_until(12, [&] { return cluster.node(1).livenodes() == 0; }), 0);
  cluster.run(20);
  EXPECT_EQ(cluster.node(2).livenodes(), 0);
}

TEST(Zone, ARangeWhoseOnlyReplicaIsLostIsCountedByNobody) {
  SmallCluster cluster(3);
  cluster.run(20);
  set_zone(cluster, kTimeSeriesRange, {1, {"zone=z3"}});
  ASSERT_GE(
      cluster.run_until(60, [&] { return replicas_of(cluster, 3, kTimeSeriesRange) == Nodes{3}; }),
      0);
  cluster.kill(3);
  cluster.run(30);
  for (const int survivor : {1, 2}) {
    for (const auto& [store, count] : cluster.node(survivor).allocator().count()) {
      EXPECT_EQ(count.unavailable, 0) << "the false zero of s" << store;
    }
  }
}

}  // namespace
}  // namespace faultline::sim::cluster
