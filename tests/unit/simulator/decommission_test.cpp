// Nodes that leave: decommissioned, recommissioned, drained.
#include <gtest/gtest.h>

#include "simulator/cluster/report.hpp"
#include "tests/unit/simulator/small_cluster.hpp"

namespace faultline::sim::cluster {
namespace {

std::string membership(SmallCluster& cluster, int observer, NodeNumber node) {
  const auto record = cluster.node(observer).liveness(node);
  return record ? record->membership : "none";
}

double sum(SmallCluster& cluster, const char* name) {
  double total = 0;
  for (int node = 1; node <= 5; ++node) total += metric_sum(cluster.node(node), name);
  return total;
}

// Recorded: 64 replicas in 91 s, never under-replicated; then SQL 57P01 there, ready 503,
// the status rows gone, the liveness row kept, livenodes 4 once its record has run out.
TEST(Decommission, MovesEveryReplicaAwayAndThenTheNodeIsOut) {
  SmallCluster cluster(5);
  cluster.run(40);
  ASSERT_GT(cluster.node(5).replicas().size(), 20U);
  cluster.node(1).change_membership(5, "decommissioning");
  ASSERT_GE(cluster.run_until(5, [&] { return membership(cluster, 5, 5) == "decommissioning"; }), 0)
      << "it adopts what others wrote into its record";
  double under = 0;
  const double took = cluster.run_until(200, [&] {
    under = std::max(under, sum(cluster, "ranges.underreplicated"));
    return cluster.node(5).replicas().empty();
  });
  EXPECT_GT(took, 20) << "one range every few seconds";
  EXPECT_LT(took, 200);
  EXPECT_EQ(under, 0);
  EXPECT_EQ(cluster.leases()[5], 0);
  EXPECT_EQ(cluster.node(5).phase(), Phase::serving) << "until it is told";
  cluster.node(1).change_membership(5, "decommissioned");
  ASSERT_GE(cluster.run_until(10, [&] { return cluster.node(5).phase() == Phase::draining; }), 0);
  ASSERT_GE(cluster.run_until(15, [&] { return cluster.node(1).livenodes() == 4; }), 0);
  EXPECT_FALSE(cluster.is_live(1, 5));
  EXPECT_EQ(membership(cluster, 1, 5), "decommissioned");
  const auto rows = cluster.read(1, kStatusRange, "status/5");
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->rows.empty());
  cluster.run(15);
  EXPECT_TRUE(cluster.read(1, kStatusRange, "status/5")->rows.empty()) << "nor comes back";
  EXPECT_EQ(sum(cluster, "ranges.unavailable"), 0);
}

TEST(Decommission, ANodeThatIsRecommissionedTakesReplicasAgain) {
  SmallCluster cluster(4);
  cluster.run(20);
  cluster.node(2).change_membership(4, "decommissioning");
  cluster.run(20);
  const std::size_t fewer = cluster.node(4).replicas().size();
  ASSERT_GE(cluster.run_until(10,
                              [&] {
                                cluster.node(2).change_membership(4, "active");
                                return membership(cluster, 4, 4) == "active";
                              }),
            0);
  EXPECT_GE(cluster.run_until(60, [&] { return cluster.node(4).replicas().size() > fewer; }), 0);
}

TEST(Decommission, ANodeThatNobodyKnowsIsNoMember) {
  SmallCluster cluster(3);
  cluster.node(1).change_membership(9, "decommissioning");
  cluster.run(3);
  EXPECT_EQ(membership(cluster, 1, 9), "none");
}

// Recorded: 2.6 s; the process stays, is_live true, replicas kept, leases gone.
TEST(Drain, AnotherNodeIsDrainedByAMessage) {
  SmallCluster cluster(3);
  cluster.run(30);
  cluster.node(1).drain_node(2);
  ASSERT_GE(cluster.run_until(6, [&] { return cluster.leases()[2] == 0; }), 0);
  EXPECT_EQ(cluster.node(2).phase(), Phase::draining);
  cluster.run(5);
  EXPECT_TRUE(cluster.node(1).liveness(2)->draining);
  EXPECT_TRUE(cluster.is_live(1, 2));
  EXPECT_FALSE(cluster.node(2).replicas().empty());
  EXPECT_EQ(cluster.node(1).livenodes(), 3);
}

}  // namespace
}  // namespace faultline::sim::cluster
