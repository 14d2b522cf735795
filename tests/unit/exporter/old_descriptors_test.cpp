#include "exporter/observe/old_descriptors.hpp"

#include <gmock/gmock.h>

#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using test::ToyCluster;
using State = ToyCluster::State;
using std::chrono::seconds;
using testing::HasSubstr;

/// Goes on for so long with descriptors that nobody can read any more; the last picture.
const ClusterSnapshot& without_reading(ToyCluster& cluster, milliseconds duration) {
  auto placement = *cluster.readings.placement;
  placement.health.ok = false;
  placement.health.error = "42501: only users with the ZONECONFIG privilege may";
  for (; duration > milliseconds{0}; duration -= seconds{1}) {
    cluster.advance(seconds{1});
    cluster.poll();
    cluster.readings.placement = placement;
    cluster.assemble();
  }
  return *cluster.memory.previous;
}

TEST(OldDescriptors, OfAClusterThatGoesOnAreOfNoUsePastTheirAge) {
  ToyCluster cluster{5, 50};
  cluster.watch(seconds{1});
  const auto read_at = cluster.now;
  const auto& young = without_reading(cluster, seconds{299});
  EXPECT_EQ(young.verdict.computed.ranges_unavailable, 0);
  EXPECT_EQ(young.verdict.can_lose_nodes, 1);
  EXPECT_EQ(young.ranges_total, 50);
  const auto& old = without_reading(cluster, seconds{2});
  EXPECT_FALSE(old.verdict.computed.valid);
  EXPECT_EQ(old.verdict.computed.ranges_unavailable, std::nullopt);
  EXPECT_EQ(old.verdict.computed.read_at, read_at);
  EXPECT_EQ(old.verdict.computed.reason,
            "the range descriptors are older than 300 s, and ranges may have moved since; they are "
            "not read anew: 42501: only users with the ZONECONFIG privilege may");
  EXPECT_EQ(old.verdict.can_lose_nodes, std::nullopt);
  EXPECT_EQ(old.verdict.sentence, "Available: 5 of 5 nodes are up");
  EXPECT_EQ(old.ranges_total, std::nullopt);
  EXPECT_EQ(old.ranges_underreplicated, 0) << "the gauges still tell";
}

TEST(OldDescriptors, RaiseNoAlarmWhenNodesGoThatHeldThoseReplicasLongAgo) {
  ToyCluster cluster{5, 50};
  cluster.watch(seconds{1});
  without_reading(cluster, seconds{302});
  cluster.set(4, State::killed);
  cluster.set(5, State::killed);
  const auto& snapshot = without_reading(cluster, seconds{2});
  EXPECT_FALSE(snapshot.verdict.computed.valid) << "an outage does not make them true again";
  EXPECT_EQ(snapshot.verdict.sentence, "Available: 3 of 5 nodes are up");
  const auto& anew = cluster.look();
  EXPECT_EQ(anew.verdict.sentence, "20 ranges without quorum: 3 of 5 nodes are up");
  EXPECT_EQ(anew.ranges_total, 50);
}

TEST(OldDescriptors, AreKeptThroughAnOutageThatBeganWhileTheyWereYoungAndNoLonger) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.set(2, State::killed);
  cluster.set(3, State::killed);
  const auto& outage = without_reading(cluster, seconds{900});
  EXPECT_EQ(outage.verdict.sentence, "65 ranges without quorum: 1 of 3 nodes is up");
  EXPECT_EQ(outage.ranges_unavailable, 65);
  EXPECT_EQ(outage.ranges_total, 65);
  cluster.set(2, State::up);
  cluster.set(3, State::up);
  const auto& over = without_reading(cluster, seconds{20});
  EXPECT_FALSE(over.verdict.computed.valid) << over.verdict.sentence;
  EXPECT_THAT(over.verdict.computed.reason, HasSubstr("older than 300 s"));
  EXPECT_EQ(over.verdict.sentence, "Available: 3 of 3 nodes are up");
  EXPECT_EQ(cluster.look().verdict.sentence, "Available, can lose 1 more node");
}

TEST(OldDescriptors, OfACompleteOutageAreKeptToo) {
  ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  for (int node = 1; node <= 3; ++node) cluster.set(node, State::paused);
  EXPECT_EQ(without_reading(cluster, seconds{400}).verdict.computed.ranges_unavailable, 65);
}

TEST(OldDescriptors, OfManyRangesAreReadEveryTenMinutesAndMayBeTwiceAsOld) {
  ToyCluster cluster{3, 3};
  cluster.poll();
  auto part = *cluster.readings.placement->part;
  part.groups.front().ranges += sources::PlacementBySize::kManyRanges;
  part.ranges += sources::PlacementBySize::kManyRanges;
  cluster.readings.placement->part = std::make_shared<const sources::PlacementPart>(part);
  EXPECT_EQ(without_reading(cluster, seconds{1'199}).verdict.can_lose_nodes, 1);
  EXPECT_EQ(without_reading(cluster, seconds{2}).verdict.can_lose_nodes, std::nullopt);
}

TEST(OldDescriptors, SayNothingOfStoresThatMayHaveBeenEmptiedSince) {
  ToyCluster cluster{3, 60, 3, 2};
  cluster.watch(seconds{11});
  without_reading(cluster, seconds{302});
  cluster.lose_store(21);
  const auto& snapshot = without_reading(cluster, seconds{30});
  EXPECT_EQ(snapshot.nodes.at(0).stores_missing, std::nullopt);
  EXPECT_EQ(snapshot.verdict.sentence, "Available: 3 of 3 nodes are up");
  EXPECT_EQ(snapshot.cluster.nodes_up, 3);
}

}  // namespace
}  // namespace faultline::observe
