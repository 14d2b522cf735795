#include "exporter/observe/assemble.hpp"

#include <gmock/gmock.h>

#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using test::ToyCluster;
using State = ToyCluster::State;
using std::chrono::seconds;
using testing::HasSubstr;

/// Looks every 200 ms, as the exporter does while something happens.
TEST(Assemble, NothingReadIsUnknownAndNotZero) {
  ToyCluster cluster{3, 65};
  const auto& snapshot = cluster.assemble();
  EXPECT_EQ(snapshot.verdict.state, VerdictState::unknown);
  EXPECT_EQ(snapshot.ranges_unavailable, std::nullopt);
  EXPECT_EQ(snapshot.ranges_total, std::nullopt);
  EXPECT_TRUE(snapshot.nodes.empty());
}

TEST(Assemble, AllUpCanLoseOne) {
  ToyCluster cluster{3, 65};
  const auto& snapshot = cluster.watch(seconds{1});
  EXPECT_EQ(snapshot.verdict.state, VerdictState::available);
  EXPECT_EQ(snapshot.verdict.sentence, "Available, can lose 1 more node");
  EXPECT_EQ(snapshot.verdict.can_lose_nodes, 1);
  EXPECT_EQ(snapshot.ranges_unavailable, 0);
  EXPECT_EQ(snapshot.ranges_total, 65);
  EXPECT_EQ(snapshot.cluster.nodes_up, 3);
  EXPECT_EQ(snapshot.nodes.at(1).liveness.state, Liveness::live);
  EXPECT_EQ(snapshot.nodes.at(1).ranges, 65);
}

TEST(Assemble, OneKilledIsToldByItsProcessAtOnceAndByLivenessWhenGossipSaysSo) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.set(3, State::killed);
  const auto& at_once = cluster.look();
  EXPECT_EQ(at_once.nodes.at(2).process.state, ProcessState::unreachable);
  EXPECT_EQ(at_once.nodes.at(2).liveness.state, Liveness::live);
  EXPECT_EQ(at_once.verdict.state, VerdictState::degraded);
  EXPECT_EQ(at_once.verdict.sentence,
            "Available, but one more node lost would take quorum from 65 ranges");
  EXPECT_EQ(at_once.ranges_underreplicated, 65);

  const auto& later = cluster.watch(milliseconds{3200});
  EXPECT_EQ(later.nodes.at(2).is_live, false);
  EXPECT_EQ(later.nodes.at(2).liveness.state, Liveness::suspect);
  EXPECT_THAT(later.nodes.at(2).liveness.reason, HasSubstr("gossip"));
  EXPECT_EQ(later.nodes.at(2).liveness.next_state, Liveness::dead);

  const auto& expired = cluster.watch(seconds{10});
  EXPECT_THAT(expired.nodes.at(2).liveness.reason, HasSubstr("expired"));
  EXPECT_EQ(expired.nodes.at(2).leader_ranges, 0) << "a lease needs a record that holds";
  EXPECT_EQ(expired.nodes.at(2).ranges, 65) << "its replicas are still there";
  EXPECT_EQ(expired.ranges_unavailable, 0);

  const auto& dead = cluster.watch(seconds{302});
  EXPECT_EQ(dead.nodes.at(2).liveness.state, Liveness::dead);
}

TEST(Assemble, ReplicasOfADeadNodeWhoseStoresGossipHasForgottenAreCountedInTheDescriptors) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.set(3, State::killed);
  cluster.watch(seconds{125});
  ASSERT_EQ(cluster.readings.gossip->part->rows.at(2).ranges, 0) << "the false zero";
  const auto stores = cluster.memory.directory;
  cluster.memory = {};  // The exporter is started again, and finds the node dead.
  EXPECT_EQ(cluster.look().nodes.at(2).ranges, std::nullopt) << "whose stores are they?";
  cluster.memory.directory = stores;
  const auto& dead = cluster.look().nodes.at(2);
  EXPECT_EQ(dead.ranges, 65);
  EXPECT_EQ(dead.leader_ranges, 0);
  const auto as_read = *cluster.readings.placement;
  cluster.poll();
  auto healed = *as_read.part;
  for (auto& group : healed.groups) std::erase(group.voters, StoreId{13});
  cluster.readings.placement->part = std::make_shared<const sources::PlacementPart>(healed);
  EXPECT_EQ(cluster.assemble().nodes.at(2).ranges, 0) << "moved elsewhere";
  cluster.advance(seconds{301});
  cluster.poll();
  cluster.readings.placement = as_read;
  EXPECT_EQ(cluster.assemble().nodes.at(2).ranges, std::nullopt) << "nobody knows any more";
}

TEST(Assemble, TwoOfThreeKilledIsUnavailableAlthoughTheGaugeReadsZero) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.set(2, State::killed);
  cluster.set(3, State::killed);
  for (int step = 0; step < 200; ++step) {
    const auto& snapshot = cluster.look();
    ASSERT_EQ(snapshot.nodes.at(0).replication.ranges_unavailable.value_or(0), 0)
        << "the false zero that this is about";
    ASSERT_EQ(snapshot.verdict.state, VerdictState::unavailable) << "step " << step;
    ASSERT_EQ(snapshot.verdict.sentence, "65 ranges without quorum: 1 of 3 nodes is up");
    ASSERT_EQ(snapshot.ranges_unavailable, 65);
    ASSERT_FALSE(snapshot.verdict.native.valid) << snapshot.verdict.native.reason;
    cluster.advance(milliseconds{200});
  }
  const auto& survivor = cluster.look().nodes.at(0);
  EXPECT_EQ(survivor.is_live, std::nullopt) << "it is no witness";
  EXPECT_EQ(survivor.liveness.state, Liveness::suspect);
  EXPECT_EQ(survivor.liveness.reason, "it is not live in its own eyes");
  EXPECT_EQ(cluster.look().nodes.at(1).liveness.state, Liveness::suspect);
  EXPECT_THAT(cluster.look().nodes.at(1).liveness.reason, HasSubstr("as n1 remembers"));
}

TEST(Assemble, QuorumLossIsToldWithoutDescriptorsToo) {
  ToyCluster cluster{3, 65};
  cluster.set(2, State::killed);
  cluster.set(3, State::killed);
  cluster.poll();
  cluster.readings.placement = poll::Reading<sources::PlacementPart>{};
  const auto& snapshot = cluster.assemble();
  EXPECT_EQ(snapshot.verdict.state, VerdictState::unavailable);
  EXPECT_EQ(snapshot.verdict.sentence, "No quorum: 1 of 3 nodes answers");
  EXPECT_EQ(snapshot.ranges_unavailable, std::nullopt) << "nobody knows how many";
}

TEST(Assemble, DescriptorsThatAreReadBeforeAnyNodeIsNamedAreNoOutage) {
  ToyCluster cluster{3, 65};
  cluster.poll();
  cluster.readings.gossip = poll::Reading<sources::GossipView>{};
  cluster.readings.second_gossip = poll::Reading<sources::GossipView>{};
  cluster.readings.metrics = poll::Reading<sources::MetricsPart>{};
  auto placement = *cluster.readings.placement->part;
  for (int node = 1; node <= 3; ++node) placement.stores[StoreId{10 + node}] = NodeId{node};
  cluster.readings.placement->part =
      std::make_shared<const sources::PlacementPart>(std::move(placement));
  const auto& snapshot = cluster.assemble();
  EXPECT_NE(snapshot.verdict.state, VerdictState::unavailable) << snapshot.verdict.sentence;
  EXPECT_EQ(snapshot.verdict.computed.reason, "nobody has named the nodes yet");
  EXPECT_EQ(snapshot.ranges_unavailable, std::nullopt);
}

TEST(Assemble, QuorumLossIsToldWhenNoNodeWasEverNamed) {
  ToyCluster cluster{3, 65};
  cluster.seeds = {{"a:1", "b:1", "c:1"}, {"a:2", "b:2", "c:2"}};
  sources::ProcessPart part;
  part.probes = {{"a:1", {}, ProcessState::reachable, {}, {}},
                 {"b:1", {}, ProcessState::unreachable, "refused", {}},
                 {"c:1", {}, ProcessState::unreachable, "refused", {}},
                 {"", "a:2", ProcessState::reachable, "not ready", false},
                 {"", "b:2", ProcessState::unreachable, "refused", {}},
                 {"", "c:2", ProcessState::unreachable, "refused", {}}};
  cluster.readings.process.emplace();
  cluster.readings.process->part = std::make_shared<const sources::ProcessPart>(part);
  cluster.readings.process->health.read_at = cluster.now;
  cluster.readings.process->reads = 1;
  const auto& snapshot = cluster.assemble();
  EXPECT_EQ(snapshot.verdict.state, VerdictState::unavailable);
  EXPECT_EQ(snapshot.verdict.sentence, "No quorum: 1 of 3 nodes answers");
}

TEST(Assemble, FiveNodesWithTwoKilledSumTheGaugesAndAgreeWithTheDescriptors) {
  ToyCluster cluster{5, 50};
  cluster.watch(seconds{1});
  cluster.set(4, State::killed);
  cluster.set(5, State::killed);
  const auto& at_once = cluster.look();
  // Ranges on {3,4,5} and {4,5,1}, {5,1,2} has one dead, and so on: two of five groups.
  EXPECT_EQ(at_once.ranges_unavailable, 20);
  EXPECT_EQ(at_once.verdict.sentence, "20 ranges without quorum: 3 of 5 nodes are up");
  EXPECT_FALSE(at_once.verdict.native.valid) << "the zero of gauges that have not ticked yet";
  EXPECT_EQ(at_once.verdict.native.ranges_unavailable, std::nullopt);
  const auto& later = cluster.watch(seconds{25});
  EXPECT_TRUE(later.verdict.native.valid) << later.verdict.native.reason;
  EXPECT_EQ(later.verdict.native.ranges_unavailable, 20);
  EXPECT_EQ(later.verdict.computed.ranges_unavailable, 20);
}

TEST(Assemble, ARangeWhoseOnlyReplicaIsGoneIsCountedByNoGauge) {
  ToyCluster cluster{3, 3, 1};
  cluster.watch(seconds{1});
  cluster.set(3, State::killed);
  for (int step = 0; step < 150; ++step) {
    const auto& snapshot = cluster.look();
    ASSERT_EQ(snapshot.verdict.sentence, "1 range without quorum: 2 of 3 nodes are up");
    ASSERT_EQ(snapshot.ranges_unavailable, 1);
    const auto& native = snapshot.verdict.native;
    ASSERT_TRUE(!native.valid || native.ranges_unavailable == 1) << "step " << step;
    cluster.advance(milliseconds{200});
  }
}

TEST(Assemble, APausedNodeIsUnresponsiveAndBlanksNothing) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.set(1, State::paused);
  const auto& snapshot = cluster.watch(seconds{12});
  EXPECT_EQ(snapshot.nodes.at(0).process.state, ProcessState::unresponsive);
  EXPECT_EQ(snapshot.nodes.at(0).liveness.state, Liveness::suspect);
  EXPECT_EQ(snapshot.nodes.at(1).liveness.state, Liveness::live);
  EXPECT_EQ(snapshot.verdict.state, VerdictState::degraded);
  EXPECT_EQ(snapshot.nodes.at(0).address, "127.0.0.1:26257");
}

TEST(Assemble, AllPausedIsUnreachableAndKeepsTheInventory) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  for (int node = 1; node <= 3; ++node) cluster.set(node, State::paused);
  const auto& snapshot = cluster.watch(seconds{60});
  EXPECT_EQ(snapshot.verdict.state, VerdictState::unreachable);
  EXPECT_EQ(snapshot.verdict.sentence,
            "Cluster unreachable: 0 of 3 processes answer (3 accept connections and say nothing)");
  ASSERT_EQ(snapshot.nodes.size(), 3U);
  EXPECT_EQ(snapshot.nodes.at(0).liveness.state, Liveness::unknown);
  EXPECT_EQ(snapshot.nodes.at(0).is_live, std::nullopt);
  EXPECT_EQ(snapshot.nodes.at(0).leader_ranges, std::nullopt) << "too old is unknown, not 0";
  EXPECT_FALSE(snapshot.nodes.at(0).replication.valid);
  EXPECT_NE(snapshot.nodes.at(0).replication.ranges_counted, std::nullopt) << "what it said last";
}

TEST(Assemble, AnIsolatedNodeIsNoWitnessAgainstTheMajority) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.set(3, State::isolated);
  cluster.watch(seconds{12});
  // The exporter happens to have its first session with the isolated node.
  cluster.poll();
  std::swap(cluster.readings.gossip, cluster.readings.second_gossip);
  auto isolated = *cluster.readings.gossip->part;
  isolated.witness = NodeId{3};
  for (auto& row : isolated.rows) {
    row.is_live = row.id == NodeId{3};
    if (row.id != NodeId{3}) row.expires_at = cluster.now - seconds{3};
  }
  cluster.readings.gossip->part = std::make_shared<const sources::GossipView>(isolated);
  const auto& snapshot = cluster.assemble();
  EXPECT_EQ(snapshot.nodes.at(0).liveness.state, Liveness::live);
  EXPECT_EQ(snapshot.nodes.at(0).liveness.witness, NodeId{1});
  EXPECT_EQ(snapshot.nodes.at(2).liveness.state, Liveness::suspect);
  EXPECT_FALSE(snapshot.nodes.at(2).replication.valid) << "its zeros are no news";
  EXPECT_EQ(snapshot.verdict.state, VerdictState::degraded);
}

TEST(Assemble, ABlipOfTheLivenessRangeIsSettlingAndAlarmsOnlyWhenItLasts) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.set(3, State::killed);
  cluster.watch(seconds{5});
  // The victim held the liveness range's lease: the survivors are ready, 503, for a while.
  const auto blip = [&] {
    cluster.poll();
    auto process = *cluster.readings.process->part;
    auto metrics = *cluster.readings.metrics->part;
    for (auto& probe : process.probes) {
      if (probe.state == ProcessState::reachable) probe.ready = false;
    }
    for (auto& page : metrics.pages) {
      if (page.vars) page.vars->live_nodes = 0;
    }
    cluster.readings.process->part = std::make_shared<const sources::ProcessPart>(process);
    cluster.readings.metrics->part = std::make_shared<const sources::MetricsPart>(metrics);
    return cluster.assemble().verdict;
  };
  EXPECT_EQ(blip().state, VerdictState::settling);
  cluster.advance(seconds{8});
  EXPECT_EQ(blip().state, VerdictState::settling);
  EXPECT_EQ(blip().sentence, "Settling: 2 of 3 processes answer, none is live in its own eyes yet");
  EXPECT_FALSE(blip().computed.valid) << "who is up cannot be told";
  cluster.advance(seconds{8});
  EXPECT_EQ(blip().state, VerdictState::unavailable) << "16 s is no blip";
  EXPECT_EQ(cluster.look().verdict.state, VerdictState::degraded) << "and it recovers";
}

TEST(Assemble, GaugesAloneMustLastBeforeTheyAlarm) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  const auto with_gauge = [&](std::int64_t unavailable) {
    cluster.poll();
    auto metrics = *cluster.readings.metrics->part;
    metrics.pages.front().vars->ranges_unavailable = unavailable;
    cluster.readings.metrics->part = std::make_shared<const sources::MetricsPart>(metrics);
    return cluster.assemble().verdict;
  };
  EXPECT_EQ(with_gauge(19).state, VerdictState::settling);
  cluster.advance(seconds{10});
  EXPECT_EQ(with_gauge(19).state, VerdictState::settling);
  cluster.advance(seconds{6});
  EXPECT_EQ(with_gauge(19).state, VerdictState::unavailable);
  EXPECT_EQ(with_gauge(19).sentence, "19 ranges without quorum, as the nodes report");
  EXPECT_EQ(with_gauge(0).state, VerdictState::available);
}

TEST(Assemble, RecoveryAfterQuorumLossBringsEverythingBack) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.set(2, State::killed);
  cluster.set(3, State::killed);
  cluster.watch(seconds{30});
  cluster.set(2, State::up);
  const auto& snapshot = cluster.watch(seconds{15});
  EXPECT_EQ(snapshot.verdict.state, VerdictState::degraded);
  EXPECT_EQ(snapshot.nodes.at(1).liveness.state, Liveness::live);
  EXPECT_EQ(snapshot.nodes.at(1).liveness.epoch, 2);
  EXPECT_EQ(snapshot.ranges_unavailable, 0);
}

TEST(Assemble, AnExitedContainerIsShownBesideAProcessThatStillSeemsToAnswer) {
  ToyCluster cluster{3, 65};
  for (int node = 1; node <= 3; ++node) cluster.set_container(node, ContainerState::running);
  cluster.watch(seconds{1});
  cluster.set_container(2, ContainerState::exited);
  const auto& snapshot = cluster.look();
  EXPECT_EQ(snapshot.nodes.at(1).container.state, ContainerState::exited);
  EXPECT_EQ(snapshot.nodes.at(1).container.name, "crdb-2");
  EXPECT_EQ(snapshot.nodes.at(1).process.state, ProcessState::reachable);
  EXPECT_EQ(snapshot.targets.at(1).node_id, NodeId{2});
}

TEST(Assemble, WhatAContainerTellsCountsBeforeAnybodyHasAskedTheProcess) {
  for (const auto state : {ContainerState::exited, ContainerState::paused}) {
    ToyCluster cluster{3, 65};
    for (int node = 1; node <= 3; ++node) cluster.set_container(node, ContainerState::running);
    cluster.watch(seconds{1});
    cluster.set_container(2, state);
    const auto& one_gone = cluster.look();
    EXPECT_EQ(one_gone.cluster.nodes_up, 2);
    EXPECT_EQ(one_gone.verdict.can_lose_nodes, 0);
    EXPECT_EQ(one_gone.verdict.state, VerdictState::degraded);
    cluster.set_container(3, state);
    const auto& two_gone = cluster.look();
    EXPECT_EQ(two_gone.cluster.nodes_up, 1);
    EXPECT_EQ(two_gone.verdict.sentence, "65 ranges without quorum: 1 of 3 nodes is up");
  }
}

TEST(Assemble, WithoutChaosdContainersAreUnknownAndTheSourceIsNotListed) {
  ToyCluster cluster{3, 65};
  const auto& snapshot = cluster.look();
  EXPECT_EQ(snapshot.nodes.at(0).container.state, ContainerState::unknown);
  for (const auto& source : snapshot.sources) EXPECT_NE(source.name, "containers");
}

TEST(Assemble, OldReadingsBecomeUnknownWithTheirAgeKept) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  const auto last_read = cluster.now;
  cluster.now += seconds{40};
  const auto& snapshot = cluster.assemble();
  const auto& node = snapshot.nodes.at(0);
  EXPECT_EQ(node.process.state, ProcessState::unknown);
  EXPECT_EQ(node.liveness.state, Liveness::unknown);
  EXPECT_EQ(node.ranges, std::nullopt);
  EXPECT_FALSE(node.replication.valid);
  EXPECT_EQ(node.replication.read_at, last_read);
  for (const auto& source : snapshot.sources) {
    EXPECT_EQ(source.stale, source.name != "placement") << source.name;
    EXPECT_EQ(source.read_at, last_read);
  }
}

TEST(Assemble, TheSecondWitnessKeepsGossipAliveWhenTheFirstGatewayIsSilent) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.poll();
  cluster.readings.gossip->health.ok = false;
  cluster.readings.gossip->health.error = "no answer before the deadline";
  cluster.readings.gossip->health.read_at = cluster.now - seconds{11};
  const auto& snapshot = cluster.assemble();
  EXPECT_EQ(snapshot.nodes.at(0).liveness.state, Liveness::live);
  EXPECT_EQ(snapshot.nodes.at(0).liveness.witness, NodeId{2});
  for (const auto& source : snapshot.sources) {
    if (source.name != "gossip") continue;
    EXPECT_TRUE(source.ok && !source.stale);
  }
}

TEST(Assemble, AnUnknownStoreMakesTheComputedOpinionInvalid) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.poll();
  auto placement = *cluster.readings.placement->part;
  placement.groups.push_back({{StoreId{99}, StoreId{11}, StoreId{12}}, 1});
  cluster.readings.placement->part = std::make_shared<const sources::PlacementPart>(placement);
  const auto& snapshot = cluster.assemble();
  EXPECT_FALSE(snapshot.verdict.computed.valid);
  EXPECT_EQ(snapshot.verdict.can_lose_nodes, std::nullopt);
  EXPECT_EQ(snapshot.verdict.sentence, "Available: 3 of 3 nodes are up");
}

}  // namespace
}  // namespace faultline::observe
