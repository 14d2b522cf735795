#include "exporter/observe/departures.hpp"

#include <gmock/gmock.h>

#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using sources::Membership;
using test::ToyCluster;
using State = ToyCluster::State;
using std::chrono::seconds;

/// Looks five times a second for so long with the descriptors of before.
std::vector<Verdict> watch_on(const poll::Reading<sources::PlacementPart>& placement,
                              ToyCluster& cluster, milliseconds duration) {
  std::vector<Verdict> verdicts;
  for (; duration > milliseconds{0}; duration -= milliseconds{200}) {
    cluster.advance(milliseconds{200});
    cluster.poll();
    cluster.readings.placement = placement;
    verdicts.push_back(cluster.assemble().verdict);
  }
  return verdicts;
}

void expect_no_alarm_and_no_false_zero(const std::vector<Verdict>& verdicts) {
  for (const auto& verdict : verdicts) {
    EXPECT_NE(verdict.state, VerdictState::unavailable) << verdict.sentence;
    if (verdict.state != VerdictState::settling) continue;
    EXPECT_FALSE(verdict.computed.valid) << verdict.sentence;
    EXPECT_NE(verdict.native.ranges_unavailable, 0) << verdict.sentence;
    EXPECT_EQ(verdict.can_lose_nodes, std::nullopt);
  }
}

/// Five nodes, of which the last two are about to leave; what was read before they do.
struct TwoLeave : testing::Test {
  ToyCluster cluster{5, 50};
  poll::Reading<sources::PlacementPart> before;

  void SetUp() override {
    cluster.watch(seconds{11});
    for (int node = 4; node <= 5; ++node) cluster.decommission(node, Membership::decommissioning);
    cluster.watch(seconds{1});
    before = *cluster.readings.placement;
  }
  void leave() {
    for (int node = 4; node <= 5; ++node) cluster.move_off(node);
    for (int node = 4; node <= 5; ++node) cluster.decommission(node, Membership::decommissioned);
  }
};

TEST_F(TwoLeave, IsNoAlarmByDescriptorsThatAreOlder) {
  leave();
  const auto verdicts = watch_on(before, cluster, seconds{60});
  expect_no_alarm_and_no_false_zero(verdicts);
  EXPECT_EQ(verdicts.back().state, VerdictState::settling);
  EXPECT_EQ(verdicts.back().sentence,
            "Settling: 20 ranges had replicas on n4 and n5 when last read, before these left; "
            "reading anew");
  EXPECT_EQ(cluster.memory.previous->ranges_unavailable, std::nullopt);
  const auto foretold = *impact(cluster.basis, {{NodeId{1}}, ImpactFault::kill, {}}, cluster.now);
  EXPECT_FALSE(foretold.valid);
  EXPECT_EQ(foretold.reason,
            "n4 and n5 left after the range descriptors were read, which are read anew");
  const auto& anew = cluster.look();
  EXPECT_EQ(anew.verdict.sentence, "Available, can lose 1 more node");
  EXPECT_EQ(anew.cluster.nodes_expected, 3);
  EXPECT_TRUE(impact(cluster.basis, {{NodeId{1}}, ImpactFault::kill, {}}, cluster.now)->valid);
}

TEST_F(TwoLeave, HasTheDescriptorsReadAtOnceAndOnce) {
  EXPECT_FALSE(cluster.descriptors_wanted);
  leave();
  cluster.look();
  EXPECT_TRUE(cluster.descriptors_wanted);
  for (int look = 0; look < 100; ++look) {
    cluster.advance(milliseconds{200});
    cluster.look();
    EXPECT_FALSE(cluster.descriptors_wanted);
  }
}

TEST_F(TwoLeave, IsNoAlarmEitherWhenTheirProcessesEndBeforeGossipTells) {
  for (int node = 4; node <= 5; ++node) cluster.move_off(node);
  for (int node = 4; node <= 5; ++node) cluster.set(node, State::killed);
  auto verdicts = watch_on(before, cluster, milliseconds{400});
  EXPECT_EQ(verdicts.back().state, VerdictState::settling) << verdicts.back().sentence;
  leave();
  expect_no_alarm_and_no_false_zero(verdicts);
  expect_no_alarm_and_no_false_zero(watch_on(before, cluster, seconds{60}));
  EXPECT_EQ(cluster.look().verdict.sentence, "Available, can lose 1 more node");
}

TEST_F(TwoLeave, DyingOnTheWayIsAnAlarmWhenTheDescriptorsCannotBeReadAnew) {
  for (int node = 4; node <= 5; ++node) cluster.set(node, State::killed);
  EXPECT_EQ(watch_on(before, cluster, seconds{14}).back().state, VerdictState::settling);
  EXPECT_EQ(watch_on(before, cluster, seconds{2}).back().sentence,
            "20 ranges without quorum: 3 of 5 nodes are up");
}

TEST_F(TwoLeave, DyingOnTheWayIsAnAlarmAsSoonAsTheDescriptorsAreReadAnew) {
  for (int node = 4; node <= 5; ++node) cluster.set(node, State::killed);
  EXPECT_EQ(watch_on(before, cluster, seconds{2}).back().state, VerdictState::settling);
  EXPECT_EQ(cluster.look().verdict.sentence, "20 ranges without quorum: 3 of 5 nodes are up");
}

TEST_F(TwoLeave, DeadNodesThatSomebodyMarksDecommissionedAreStillLost) {
  for (int node = 4; node <= 5; ++node) cluster.set(node, State::killed);
  cluster.watch(seconds{60});
  ASSERT_EQ(cluster.look().ranges_unavailable, 20);
  for (int node = 4; node <= 5; ++node) cluster.decommission(node, Membership::decommissioned);
  EXPECT_EQ(cluster.watch(seconds{30}).ranges_unavailable, 20) << "their replicas were not moved";
  EXPECT_EQ(cluster.look().verdict.sentence, "20 ranges without quorum: 3 of 3 nodes are up");
}

TEST_F(TwoLeave, DoesNotMakeAnOutageOfDescriptorsThatAreNeverReadAgain) {
  leave();
  const auto verdicts = watch_on(before, cluster, seconds{320});
  expect_no_alarm_and_no_false_zero(verdicts);
  EXPECT_EQ(verdicts.back().sentence, "Available: 3 of 3 nodes are up");
}

TEST(Departures, OneThatLeavesTakesNothingAway) {
  ToyCluster cluster{4, 40};
  cluster.watch(seconds{11});
  cluster.decommission(4, Membership::decommissioning);
  cluster.watch(seconds{1});
  const auto before = *cluster.readings.placement;
  cluster.move_off(4);
  cluster.decommission(4, Membership::decommissioned);
  for (const auto& verdict : watch_on(before, cluster, seconds{20})) {
    EXPECT_EQ(verdict.sentence, "Available, can lose 1 more node");
    EXPECT_EQ(verdict.computed.ranges_unavailable, 0);
  }
}

TEST(Departures, OfANodeThatIsReadWhileTheDescriptorsAreBeingReadTheyMayBeOlder) {
  const auto at = from_ms(1'000'000);
  Departure left;
  left.up_at = at;
  left.left_at = at;
  const Departures departures{{NodeId{4}, left}};
  EXPECT_TRUE(moved_since(departures, at, at).surely.contains(NodeId{4}));
  EXPECT_TRUE(moved_since(departures, at + milliseconds{1}, at).surely.empty());
}

}  // namespace
}  // namespace faultline::observe
