#include "exporter/observe/quorum.hpp"

#include <set>

#include <gtest/gtest.h>

namespace faultline::observe {
namespace {

sources::PlacementPart placement(std::vector<sources::VoterGroup> groups) {
  sources::PlacementPart part;
  part.groups = std::move(groups);
  for (const auto& group : part.groups) part.ranges += group.ranges;
  return part;
}

std::vector<StoreId> stores(std::initializer_list<std::int64_t> ids) {
  std::vector<StoreId> list;
  for (const auto id : ids) list.push_back(StoreId{id});
  return list;
}

/// Store s is on node s - 10.
const StoreOwners kStores{{StoreId{11}, NodeId{1}},
                          {StoreId{12}, NodeId{2}},
                          {StoreId{13}, NodeId{3}},
                          {StoreId{14}, NodeId{4}},
                          {StoreId{15}, NodeId{5}}};

Quorum count(const sources::PlacementPart& part, std::set<std::int64_t> up,
             const StoreOwners& map = kStores) {
  return count_quorum(part, map, [&](NodeId id) { return up.contains(id.value); });
}

TEST(QuorumCount, ThreeOfThree) {
  const auto part = placement({{stores({11, 12, 13}), 65}});
  EXPECT_EQ(count(part, {1, 2, 3}).can_lose_nodes, 1);
  EXPECT_EQ(count(part, {1, 2, 3}).at_risk, 0);
  EXPECT_EQ(count(part, {1, 2}).without_quorum, 0);
  EXPECT_EQ(count(part, {1, 2}).underreplicated, 65);
  EXPECT_EQ(count(part, {1, 2}).can_lose_nodes, 0);
  EXPECT_EQ(count(part, {1, 2}).at_risk, 65);
  EXPECT_EQ(count(part, {1}).without_quorum, 65);
}

TEST(QuorumCount, TheWeakestRangeDecidesWhatCanBeLost) {
  const auto part = placement({{stores({11, 12, 13, 14, 15}), 40}, {stores({13, 14, 15}), 25}});
  EXPECT_EQ(count(part, {1, 2, 3, 4, 5}).can_lose_nodes, 1);
  EXPECT_EQ(count(part, {1, 2, 3}).without_quorum, 25);
  EXPECT_EQ(count(part, {1, 2, 3}).at_risk, 40);
  EXPECT_EQ(count(part, {1, 2, 3}).can_lose_nodes, 0);
}

TEST(QuorumCount, TwoStoresOfOneNodeGoTogether) {
  const StoreOwners shared{
      {StoreId{1}, NodeId{1}}, {StoreId{2}, NodeId{1}}, {StoreId{3}, NodeId{2}}};
  const auto part = placement({{stores({1, 2, 3}), 5}});
  EXPECT_EQ(count(part, {1, 2}, shared).can_lose_nodes, 0);
  EXPECT_EQ(count(part, {2}, shared).without_quorum, 5);
}

TEST(QuorumCount, ASingleReplicaCanLoseNothing) {
  EXPECT_EQ(count(placement({{stores({11}), 1}}), {1}).can_lose_nodes, 0);
  EXPECT_EQ(count(placement({{stores({11}), 1}}), {2}).without_quorum, 1);
}

TEST(QuorumCount, BothHalvesOfAJointConfigurationNeedTheirMajority) {
  sources::VoterGroup group{stores({12, 13, 14}), 1, stores({11}), {}};
  EXPECT_EQ(count(placement({group}), {1, 2, 3, 4}).without_quorum, 0);
  // If 12 or 13 is the new one, the old half is 11, 14 and the other: one of three.
  EXPECT_EQ(count(placement({group}), {2, 3}).without_quorum, 1);
  EXPECT_EQ(count(placement({group}), {2, 3, 4}).without_quorum, 0);
  EXPECT_EQ(count(placement({group}), {1, 2, 3, 4}).can_lose_nodes, 1);
}

// Its node lives: nobody may take the node for the store.
TEST(QuorumCount, AStoreThatIsGoneIsNoVoterAndNoRiddle) {
  StoreOwners without = kStores;
  without[StoreId{12}].reset();
  const auto part = placement({{stores({11, 12, 13}), 7}, {stores({11, 13, 14}), 2}});
  const auto told = count(part, {1, 2, 3, 4}, without);
  EXPECT_TRUE(told.stores_known);
  EXPECT_EQ(told.underreplicated, 7);
  EXPECT_EQ(told.at_risk, 7);
  EXPECT_EQ(told.without_quorum, 0);
  EXPECT_EQ(count(part, {1, 2}, without).without_quorum, 9);
}

TEST(QuorumCount, AnUnknownStoreIsSaidSo) {
  EXPECT_FALSE(count(placement({{stores({99}), 1}}), {1}).stores_known);
}

}  // namespace
}  // namespace faultline::observe
