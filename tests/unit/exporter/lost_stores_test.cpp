// Several stores on a node: sums, arithmetic by node, and a store that is lost alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using std::chrono::seconds;
using test::ToyCluster;
using testing::HasSubstr;
using testing::Not;

TEST(MultiStore, BothStoresGoWithTheirNode) {
  ToyCluster cluster(5, 20, 3, 2);
  cluster.watch(seconds{20});
  EXPECT_EQ(cluster.memory.directory.stores.at(StoreId{23}), NodeId{3});
  EXPECT_EQ(cluster.look().verdict.can_lose_nodes, 1);
  cluster.set(3, ToyCluster::State::killed);
  const auto& after = cluster.watch(seconds{30});
  EXPECT_EQ(after.verdict.state, VerdictState::degraded) << after.verdict.sentence;
  EXPECT_EQ(after.ranges_underreplicated, 12) << "three of five, on either store";
  EXPECT_EQ(after.ranges_unavailable, 0);
}

TEST(LostStore, IsToldAndItsReplicasAreNotCountedAsUp) {
  ToyCluster cluster(3, 12, 3, 2);
  const auto& before = cluster.watch(seconds{20});
  EXPECT_EQ(before.verdict.state, VerdictState::available);
  EXPECT_EQ(before.nodes[1].stores_missing, 0);
  cluster.lose_store(22);
  // A node that has just started shows its stores one by one.
  EXPECT_EQ(cluster.watch(seconds{10}).verdict.state, VerdictState::available);
  const auto& lost = cluster.watch(seconds{10});
  EXPECT_EQ(lost.verdict.state, VerdictState::degraded);
  EXPECT_THAT(lost.verdict.sentence, HasSubstr("store 22 of n2 is missing"));
  EXPECT_EQ(lost.ranges_underreplicated, 6) << "those on second stores";
  EXPECT_EQ(lost.verdict.can_lose_nodes, 0);
  EXPECT_EQ(lost.ranges_unavailable, 0);
  EXPECT_EQ(lost.nodes[1].stores_missing, 1);
  EXPECT_EQ(lost.nodes[0].stores_missing, 0);
  cluster.give_back_stores();
  const auto& back = cluster.look();
  EXPECT_EQ(back.verdict.state, VerdictState::available);
  EXPECT_THAT(back.verdict.sentence, Not(HasSubstr("missing")));
}

// The nodes' own gauges stay at zero: all of them live.
TEST(LostStore, TwoOfThemCostTheirRangesTheQuorumAlthoughAllNodesLive) {
  ToyCluster cluster(3, 12, 3, 2);
  cluster.watch(seconds{20});
  cluster.lose_store(21);
  cluster.lose_store(22);
  const auto& lost = cluster.watch(seconds{20});
  EXPECT_FALSE(lost.verdict.native.valid) << "the gauges see no such store, and say 0";
  EXPECT_EQ(lost.verdict.state, VerdictState::unavailable);
  EXPECT_EQ(lost.ranges_unavailable, 6);
  EXPECT_THAT(lost.verdict.sentence, HasSubstr("2 stores are missing: 21 of n1, 22 of n2"));
  const auto forecast = impact(cluster.basis, {{NodeId{3}}, ImpactFault::kill, {}}, cluster.now);
  EXPECT_EQ(forecast->quorum_lost_already, 6);
  EXPECT_EQ(forecast->under_replicated, 6);
  EXPECT_TRUE(forecast->valid) << forecast->reason;
}

TEST(LostStore, OneThatNoReplicaLiesOnMayGo) {
  ToyCluster cluster(3, 1, 3, 2);  // One range, on first stores.
  cluster.watch(seconds{20});
  cluster.lose_store(22);
  const auto& after = cluster.watch(seconds{30});
  EXPECT_EQ(after.verdict.state, VerdictState::available);
  EXPECT_EQ(after.nodes[1].stores_missing, 0);
}

TEST(LostStore, OfANodeThatDoesNotAnswerNobodySaysSo) {
  ToyCluster cluster(3, 12, 3, 2);
  cluster.watch(seconds{20});
  cluster.lose_store(22);
  cluster.set(2, ToyCluster::State::killed);
  const auto& after = cluster.watch(seconds{40});
  EXPECT_THAT(after.verdict.sentence, Not(HasSubstr("store")));
  EXPECT_FALSE(after.nodes[1].stores_missing);
}

}  // namespace
}  // namespace faultline::observe
