#include "exporter/observe/impact.hpp"

#include <limits>

#include <gmock/gmock.h>

#include "tests/unit/exporter/impact_oracle.hpp"
#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using test::Oracle;
using test::ToyCluster;
using testing::ElementsAre;
using testing::HasSubstr;

/// A clear majority of ties is decided by who is named, which the oracle leaves open.
bool tied(const Oracle& oracle, const ImpactQuestion& asked) {
  if (asked.fault != ImpactFault::partition) return false;
  std::size_t here = 0;
  for (const auto id : asked.nodes) here += oracle.up.count(id.value);
  return here * 2 == oracle.up.size();
}

TEST(Impact, IsWhatGoingThroughEveryRangeAndEveryPairOfNodesGives) {
  int lost = 0;
  int partial = 0;
  int joint = 0;
  for (std::uint32_t seed = 1; seed <= 4'000; ++seed) {
    Oracle oracle{seed};
    const auto asked = oracle.question();
    if (tied(oracle, asked)) continue;
    const auto answer = impact(oracle.basis(), asked, from_ms(2'000));
    ASSERT_TRUE(answer) << "seed " << seed << ": " << answer.error().message;
    const auto wanted = oracle.outcome(asked);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + answer->sentence);
    ASSERT_EQ(answer->quorum_lost, wanted.lost);
    ASSERT_EQ(answer->quorum_lost_already, wanted.lost_already);
    ASSERT_EQ(answer->under_replicated, wanted.under);
    ASSERT_EQ(answer->lease_lost, wanted.leases);
    ASSERT_EQ(answer->can_lose_nodes_after, wanted.can_lose);
    ASSERT_EQ(answer->ranges.size(), wanted.hit.size());
    for (const auto& range : answer->ranges) {
      ASSERT_TRUE(wanted.hit.contains(range.range_id)) << range.range_id;
      const auto& [loses, left] = wanted.hit.at(range.range_id);
      EXPECT_EQ(range.loses, loses);
      EXPECT_EQ(range.left, left);
    }
    EXPECT_FALSE(answer->truncated);
    EXPECT_TRUE(answer->valid);
    lost += *answer->quorum_lost > 0 ? 1 : 0;
    partial += wanted.can_lose ? 0 : 1;
    joint += std::any_of(oracle.ranges.begin(), oracle.ranges.end(),
                         [](const auto& range) { return !range.outgoing.empty(); });
  }
  // The seeds reach what they are for.
  EXPECT_GT(lost, 300);
  EXPECT_GT(partial, 40);
  EXPECT_GT(joint, 300);
}

ImpactQuestion kill(std::initializer_list<std::int64_t> nodes) {
  ImpactQuestion asked;
  for (const auto node : nodes) asked.nodes.push_back(NodeId{node});
  return asked;
}

TEST(Impact, AgreesWithTheHeadline) {
  ToyCluster cluster{5, 65};
  const auto& before = cluster.look();
  ASSERT_EQ(before.verdict.can_lose_nodes, 1);
  for (std::int64_t node = 1; node <= 5; ++node) {
    const auto answer = impact(cluster.basis, kill({node}), cluster.now);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->valid) << answer->reason;
    EXPECT_EQ(answer->quorum_lost, 0);
    EXPECT_EQ(answer->can_lose_nodes_after, 0);
    EXPECT_EQ(answer->lease_lost, before.nodes[static_cast<std::size_t>(node - 1)].leader_ranges);
  }
  const auto foretold = *impact(cluster.basis, kill({2, 3}), cluster.now);
  cluster.set(2, ToyCluster::State::killed);
  cluster.set(3, ToyCluster::State::killed);
  cluster.look();
  cluster.advance(milliseconds{20'000});
  const auto& after = cluster.look();
  EXPECT_EQ(after.ranges_unavailable, foretold.quorum_lost);
  EXPECT_GT(*foretold.quorum_lost, 0);
  const auto now_lost = *impact(cluster.basis, kill({2, 3}), cluster.now);
  EXPECT_EQ(now_lost.quorum_lost, 0) << "what is lost already is not lost again";
  EXPECT_EQ(now_lost.quorum_lost_already, foretold.quorum_lost);
  EXPECT_EQ(now_lost.can_lose_nodes_after, after.verdict.can_lose_nodes);
}

TEST(Impact, ANodeThatIsNotLiveIsLostAlready) {
  ToyCluster cluster{3, 65};
  cluster.look();
  cluster.set(3, ToyCluster::State::paused);
  cluster.advance(milliseconds{15'000});
  cluster.look();
  EXPECT_EQ(impact(cluster.basis, kill({3}), cluster.now)->quorum_lost, 0);
  EXPECT_EQ(impact(cluster.basis, kill({1}), cluster.now)->quorum_lost, 65);
}

/// Three nodes, each with the store of its number times ten.
ImpactBasis three(std::vector<sources::VoterGroup> groups) {
  ImpactBasis basis;
  basis.anything_read = basis.who_is_up_known = basis.placement_on = true;
  for (std::int64_t node = 1; node <= 3; ++node) {
    basis.stores[StoreId{node * 10}] = NodeId{node};
    basis.nodes.push_back({NodeId{node}, true, true, 7});
  }
  sources::PlacementPart part;
  part.groups = std::move(groups);
  for (const auto& group : part.groups) part.ranges += group.ranges;
  basis.placement = std::make_shared<const sources::PlacementPart>(part);
  basis.placement_read_at = from_ms(1'000'000);
  return basis;
}

TEST(Impact, NamesTheSystemsRangesThatAreLostAndListsThemFirst) {
  const auto basis = three({{{StoreId{10}}, 1, {}, {{90, "/Table/106"}}},
                            {{StoreId{10}, StoreId{20}}, 1, {}, {{92, "/System/NodeLiveness"}}},
                            {{StoreId{20}}, 1, {}, {{1, "/Min"}}}});
  const auto answer = *impact(basis, kill({1}), from_ms(1'000'500));
  EXPECT_THAT(answer.system_ranges, ElementsAre("liveness"));
  ASSERT_EQ(answer.ranges.size(), 2U);
  EXPECT_EQ(answer.ranges[0].range_id, 92);
  EXPECT_EQ(answer.placement_age, milliseconds{500});
  EXPECT_EQ(answer.sentence,
            "Killing n1 takes quorum from 2 ranges (liveness); without liveness records the whole "
            "cluster stops; 7 leases lost");
}

TEST(Impact, TheListIsBoundedAndTheCountsAreNot) {
  sources::VoterGroup group{{StoreId{10}}, 5'000, {}, {}};
  for (std::int64_t id = 1; id <= 1'000; ++id) group.named.push_back({id, "/Table/106"});
  const auto answer = *impact(three({group}), kill({1}), from_ms(1'000'000));
  EXPECT_EQ(answer.quorum_lost, 5'000);
  EXPECT_EQ(answer.ranges.size(), kImpactRangesMax);
  EXPECT_TRUE(answer.truncated);
}

TEST(Impact, WhatIsNotKnownIsSaidSo) {
  auto basis = three({{{StoreId{10}, StoreId{99}}, 1, {}, {}}});
  EXPECT_THAT(impact(basis, kill({1}), from_ms(1'000'000))->reason, HasSubstr("stores"));
  basis = three({{{StoreId{10}}, 1, {}, {}}});
  const auto old = *impact(basis, kill({1}), from_ms(1'000'000 + 400'000));
  EXPECT_FALSE(old.valid);
  EXPECT_EQ(old.quorum_lost, 1) << "told all the same";
  EXPECT_THAT(old.sentence, HasSubstr("Not certain"));
  basis.nodes[0].leases.reset();
  EXPECT_EQ(impact(basis, kill({1}), from_ms(1'000'000))->lease_lost, std::nullopt);
  basis.nodes[0].leases = basis.nodes[1].leases = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(impact(basis, kill({1, 2}), from_ms(1'000'000))->lease_lost, std::nullopt);
  basis.placement.reset();
  const auto unread = *impact(basis, kill({1}), from_ms(1'000'000));
  EXPECT_FALSE(unread.valid);
  EXPECT_EQ(unread.quorum_lost, std::nullopt);
  EXPECT_EQ(unread.ranges_total, std::nullopt);
  EXPECT_EQ(unread.sentence,
            "Nobody can tell what killing n1 would do: the range descriptors were never read");
  EXPECT_EQ(impact({}, kill({1}), from_ms(0)).error().code, ErrorCode::unavailable);
}

TEST(Impact, DescriptorsOfABigClusterMayBeAsOldAsItsSourceSays) {
  ToyCluster cluster{3, 3};
  cluster.look();
  auto part = *cluster.readings.placement->part;
  part.groups.front().ranges += sources::PlacementBySize::kManyRanges;
  part.ranges += sources::PlacementBySize::kManyRanges;
  cluster.readings.placement->part = std::make_shared<const sources::PlacementPart>(part);
  cluster.assemble();
  const auto at = [&](int seconds) {
    return *impact(cluster.basis, kill({1}), cluster.now + milliseconds{seconds * 1'000});
  };
  EXPECT_TRUE(at(1'200).valid) << at(1'200).reason;
  EXPECT_EQ(at(1'201).reason, "the range descriptors are older than 1200 s");
}

TEST(Impact, QuestionsWithoutSenseAreRefusedByName) {
  const auto basis = three({{{StoreId{10}}, 1, {}, {}}});
  const auto wrong = [&](std::vector<NodeId> nodes, ImpactFault fault, std::vector<NodeId> from) {
    return impact(basis, {std::move(nodes), fault, std::move(from)}, from_ms(0)).error();
  };
  EXPECT_EQ(wrong({NodeId{9}}, ImpactFault::kill, {}).message,
            "names n9, which the cluster does not have; it has n1, n2 and n3");
  EXPECT_EQ(wrong({NodeId{1}}, ImpactFault::partition, {NodeId{4}}).field, "from");
  EXPECT_EQ(wrong({NodeId{1}}, ImpactFault::partition, {NodeId{1}}).field, "from");
  EXPECT_THAT(wrong({NodeId{1}, NodeId{2}, NodeId{3}}, ImpactFault::partition, {}).message,
              HasSubstr("leave one out"));
}

TEST(SystemRange, IsTakenFromTheKey) {
  EXPECT_EQ(system_range("/Min"), "meta");
  EXPECT_EQ(system_range("/Meta2/Table/106"), "meta");
  EXPECT_EQ(system_range("/System/NodeLiveness"), "liveness");
  EXPECT_EQ(system_range("/System/NodeLivenessMax"), "system");
  EXPECT_EQ(system_range("/System/tsd"), "timeseries");
  EXPECT_EQ(system_range("/System/\"tse\""), "system");
  EXPECT_EQ(system_range("/Table/SystemConfigSpan/Start"), "system_tables");
  EXPECT_EQ(system_range("/NamespaceTable/30"), "system_tables");
  EXPECT_EQ(system_range("/Table/50"), "system_tables");
  EXPECT_EQ(system_range("/Table/106/1/100"), "");
  EXPECT_EQ(system_range("/Tenant/2"), "");
  EXPECT_EQ(system_range("/Table/\"x"), "");
  EXPECT_EQ(system_range(""), "");
}

}  // namespace
}  // namespace faultline::observe
