#include <memory>
#include <utility>

#include <gmock/gmock.h>

#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using test::ToyCluster;
using State = ToyCluster::State;
using std::chrono::seconds;

// Who is not live in other nodes' eyes although its process answers: a moment of the
// liveness range, or a real partition. Only time tells.

/// The verdicts of so long, looked at every 200 ms.
std::vector<Verdict> watch(ToyCluster& cluster, milliseconds duration) {
  std::vector<Verdict> verdicts{cluster.look().verdict};
  for (auto left = duration; left > milliseconds{0}; left -= milliseconds{200}) {
    cluster.advance(milliseconds{200});
    verdicts.push_back(cluster.look().verdict);
  }
  return verdicts;
}

MATCHER_P(StateIs, state, "") { return arg.state == state; }

TEST(Doubt, AReachableSurvivorCalledSuspectIsNoAlarmBeforeTheHold) {
  ToyCluster cluster{3, 65};
  watch(cluster, seconds{1});
  cluster.set(3, State::killed);
  cluster.set(2, State::isolated);
  const auto verdicts = watch(cluster, seconds{17});
  EXPECT_THAT(verdicts, testing::Not(testing::Contains(StateIs(VerdictState::unavailable))));
  EXPECT_THAT(verdicts, testing::Contains(StateIs(VerdictState::settling)));
  EXPECT_EQ(cluster.look().nodes.at(1).liveness.state, Liveness::suspect) << "its card says so";
  EXPECT_NE(cluster.look().nodes.at(1).liveness.reason, "");
}

TEST(Doubt, WhileItLastsNobodySaysHowManyRangesAreLost) {
  ToyCluster cluster{3, 65};
  watch(cluster, seconds{1});
  cluster.set(3, State::killed);
  cluster.set(2, State::isolated);
  EXPECT_EQ(watch(cluster, seconds{5}).back().state, VerdictState::settling);
  const auto& computed = cluster.look().verdict.computed;
  EXPECT_FALSE(computed.valid);
  EXPECT_NE(computed.reason, "");
  EXPECT_EQ(cluster.look().verdict.can_lose_nodes, std::nullopt);
}

TEST(Doubt, WhileItLastsAZeroOfTheGaugesIsFromBefore) {
  ToyCluster cluster{5, 50};
  watch(cluster, seconds{11});
  ASSERT_EQ(cluster.look().ranges_unavailable, 0);
  cluster.set(4, State::isolated);
  cluster.set(5, State::isolated);
  for (const auto& verdict : watch(cluster, seconds{40})) {
    if (verdict.state != VerdictState::settling && verdict.state != VerdictState::unavailable) {
      continue;  // Nobody can know yet.
    }
    EXPECT_NE(verdict.native.ranges_unavailable, 0) << verdict.sentence;
    EXPECT_NE(verdict.computed.ranges_unavailable, 0) << verdict.sentence;
  }
  EXPECT_EQ(cluster.look().ranges_unavailable, 20);
}

TEST(Doubt, WhileItLastsNobodySaysHowManyRangesAreUnderReplicated) {
  ToyCluster cluster{5, 50};
  watch(cluster, seconds{1});
  EXPECT_EQ(cluster.look().ranges_underreplicated, 0);
  cluster.set(4, State::isolated);
  cluster.set(5, State::isolated);
  EXPECT_EQ(watch(cluster, seconds{8}).back().state, VerdictState::settling);
  EXPECT_EQ(cluster.look().ranges_underreplicated, std::nullopt) << "unknown is not zero";
  watch(cluster, seconds{20});
  EXPECT_EQ(cluster.look().ranges_underreplicated, 40);
}

TEST(Doubt, WhereNobodyIsLiveNobodySaysHowManyRangesAreUnderReplicated) {
  ToyCluster cluster{3, 65};
  watch(cluster, seconds{1});
  cluster.set(1, State::isolated);
  cluster.set(2, State::isolated);
  cluster.set(3, State::isolated);
  EXPECT_EQ(watch(cluster, seconds{12}).back().state, VerdictState::settling);
  EXPECT_EQ(cluster.look().ranges_underreplicated, std::nullopt);
}

TEST(Doubt, APartitionThatLastsIsToldAfterTheHoldAndStaysTold) {
  ToyCluster cluster{3, 65};
  watch(cluster, seconds{1});
  cluster.set(2, State::isolated);
  cluster.set(3, State::isolated);
  EXPECT_THAT(watch(cluster, seconds{17}),
              testing::Not(testing::Contains(StateIs(VerdictState::unavailable))));
  watch(cluster, milliseconds{1200});  // Gossip called them lost 3 s after the partition.
  EXPECT_THAT(watch(cluster, seconds{40}), testing::Each(StateIs(VerdictState::unavailable)));
}

TEST(Doubt, ProcessesThatAreGoneAreToldAtOnceEvenWithASurvivorInDoubt) {
  ToyCluster cluster{3, 65};
  watch(cluster, seconds{1});
  cluster.set(2, State::isolated);
  watch(cluster, seconds{5});
  cluster.set(1, State::killed);
  cluster.set(3, State::killed);
  EXPECT_EQ(cluster.look().verdict.state, VerdictState::unavailable);
}

TEST(Doubt, RangesThatAreLostAnywayAreCountedWithoutTheDoubtfulOnes) {
  ToyCluster cluster{7, 70};
  watch(cluster, seconds{1});
  cluster.set(6, State::killed);
  cluster.set(7, State::killed);
  EXPECT_EQ(watch(cluster, seconds{20}).back().computed.ranges_unavailable, 20);
  cluster.set(5, State::isolated);
  const auto meanwhile = watch(cluster, seconds{17});
  for (const auto& verdict : meanwhile) EXPECT_EQ(verdict.computed.ranges_unavailable, 20);
  EXPECT_EQ(watch(cluster, seconds{3}).back().computed.ranges_unavailable, 30);
}

TEST(Doubt, AnOutageIsNotOverBeforeTheNodesThatReturnAreLive) {
  ToyCluster cluster{5, 50};
  watch(cluster, seconds{1});
  cluster.set(4, State::killed);
  cluster.set(5, State::killed);
  watch(cluster, seconds{30});
  cluster.set(4, State::isolated);  // Back as a process, and it reaches nobody.
  cluster.set(5, State::isolated);
  EXPECT_THAT(watch(cluster, seconds{14}), testing::Each(StateIs(VerdictState::unavailable)));
  cluster.set(4, State::up);
  cluster.set(5, State::up);
  EXPECT_EQ(watch(cluster, seconds{25}).back().state, VerdictState::available);
}

/// One node's gauge says so, whatever the descriptors say.
void claim_unavailable(ToyCluster& cluster, std::int64_t ranges) {
  auto part = *cluster.readings.metrics->part;
  for (auto& page : part.pages) {
    if (page.vars) page.vars->ranges_unavailable = page.vars->node_id == NodeId{1} ? ranges : 0;
  }
  cluster.readings.metrics->part = std::make_shared<const sources::MetricsPart>(std::move(part));
}

TEST(Doubt, GaugesThatSeeMoreThanTheDescriptorsExplainWaitOutTheHold) {
  ToyCluster cluster{5, 60};
  watch(cluster, seconds{12});
  cluster.set(2, State::killed);
  cluster.set(3, State::killed);
  watch(cluster, seconds{20});
  const auto explained = cluster.look().ranges_unavailable;
  ASSERT_GT(explained, 0);
  const auto claimed = *explained + 20;
  for (const auto& [waited, told] :
       {std::pair{seconds{0}, *explained}, {seconds{14}, *explained}, {seconds{2}, claimed}}) {
    cluster.advance(waited);
    cluster.poll();
    claim_unavailable(cluster, claimed);
    const auto& snapshot = cluster.assemble();
    EXPECT_EQ(snapshot.ranges_unavailable, told) << waited.count();
    EXPECT_EQ(snapshot.verdict.sentence,
              std::to_string(told) + " ranges without quorum: 3 of 5 nodes are up");
  }
}

/// As `watch`, with descriptors that nobody reads any more.
std::vector<Verdict> watch_with(const poll::Reading<sources::PlacementPart>& placement,
                                ToyCluster& cluster, milliseconds duration) {
  std::vector<Verdict> verdicts;
  for (auto left = duration; left > milliseconds{0}; left -= milliseconds{200}) {
    cluster.advance(milliseconds{200});
    cluster.poll();
    cluster.readings.placement = placement;
    verdicts.push_back(cluster.assemble().verdict);
  }
  return verdicts;
}

MATCHER(SaysZero, "") {
  const auto zero = [](const Opinion& opinion) {
    return opinion.valid && opinion.ranges_unavailable == 0;
  };
  return zero(arg.native) || zero(arg.computed) || zero(arg.probe);
}

TEST(Doubt, ARangeThatWasReadWithOneReplicaIsReadAnewBeforeItIsCalledLost) {
  ToyCluster young{3, 3, 1};
  watch(young, seconds{1});
  const auto as_read = *young.readings.placement;
  ToyCluster grown{3, 3};  // The same cluster a little later: every range has three.
  watch(grown, seconds{1});
  young.set(3, State::killed);
  const auto meanwhile = watch_with(as_read, young, seconds{5});
  EXPECT_THAT(meanwhile, testing::Each(StateIs(VerdictState::settling)));
  EXPECT_THAT(meanwhile, testing::Not(testing::Contains(SaysZero())));
  auto anew = *grown.readings.placement;
  anew.health.read_at = young.now;
  EXPECT_THAT(watch_with(anew, young, seconds{30}), testing::Each(StateIs(VerdictState::degraded)));
}

TEST(Doubt, ARangeWhoseOnlyReplicaIsGoneIsCalledLostWhenReadAnewOrWhenThatFails) {
  ToyCluster cluster{3, 3, 1};
  watch(cluster, seconds{1});
  const auto as_read = *cluster.readings.placement;
  cluster.set(3, State::killed);
  const auto verdicts = watch_with(as_read, cluster, seconds{16});
  EXPECT_EQ(verdicts.front().state, VerdictState::settling);
  EXPECT_EQ(verdicts.back().sentence, "1 range without quorum: 2 of 3 nodes are up");
  cluster.set(3, State::up);
  watch(cluster, seconds{20});
  cluster.set(3, State::killed);
  EXPECT_EQ(cluster.look().verdict.state, VerdictState::unavailable) << "read after its end";
}

TEST(Doubt, WhatWasCalledLostByDescriptorsIsNotTakenBackWhileSurvivorsDoubtEachOther) {
  ToyCluster cluster{3, 3, 1};
  watch(cluster, seconds{1});
  const auto as_read = *cluster.readings.placement;
  cluster.set(3, State::killed);
  cluster.set(2, State::isolated);
  bool raised = false;
  for (int round = 0; round < 4; ++round) {
    for (const auto& verdict : watch_with(as_read, cluster, seconds{5})) {
      if (raised) EXPECT_EQ(verdict.state, VerdictState::unavailable) << verdict.sentence;
      raised = raised || verdict.state == VerdictState::unavailable;
    }
    cluster.set(2, round % 2 == 0 ? State::up : State::isolated);
  }
  EXPECT_TRUE(raised);
}

TEST(Doubt, WhereMostNodesAreGoneNobodyWaitsForDescriptors) {
  ToyCluster cluster{3, 3, 1};
  watch(cluster, seconds{1});
  const auto as_read = *cluster.readings.placement;
  cluster.set(2, State::killed);
  cluster.set(3, State::killed);
  EXPECT_THAT(watch_with(as_read, cluster, seconds{5}),
              testing::Each(StateIs(VerdictState::unavailable)));
}

}  // namespace
}  // namespace faultline::observe
