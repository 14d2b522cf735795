#include "exporter/observe/witness.hpp"

#include <gmock/gmock.h>

#include "exporter/observe/liveness_state.hpp"
#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr milliseconds kDeadAfter{300'000};

struct WitnessTest : testing::Test {
  test::ToyCluster cluster{3, 65};
  std::map<NodeId, SelfView> selves;
  WitnessTest() { cluster.poll(); }
  std::vector<Witness> judged() { return judge_witnesses(cluster.readings, selves, cluster.now); }
};

TEST_F(WitnessTest, TwoHealthyNodesAreTwoWitnesses) {
  ASSERT_EQ(judged().size(), 2U);
  EXPECT_TRUE(judged()[0].valid);
  EXPECT_TRUE(any_valid(judged()));
}

TEST_F(WitnessTest, ANodeThatIsNotReadyOrCountsNobodyIsNone) {
  selves[NodeId{1}].ready = false;
  selves[NodeId{2}].live_nodes = 0;
  EXPECT_FALSE(any_valid(judged()));
  EXPECT_THAT(judged()[0].reason, HasSubstr("n1 is not ready"));
  EXPECT_THAT(judged()[1].reason, HasSubstr("n2 counts no live node"));
}

TEST_F(WitnessTest, ANodeWhoseOwnRecordExpiredIsNone) {
  auto view = *cluster.readings.gossip->part;
  view.rows[0].expires_at = view.database_now;
  cluster.readings.gossip->part = std::make_shared<const sources::GossipView>(view);
  EXPECT_FALSE(judged()[0].valid);
}

TEST_F(WitnessTest, OldTestimonyIsDropped) {
  cluster.now += seconds{11};
  EXPECT_TRUE(judged().empty());
}

/// One row as a valid witness sees it.
NodeLiveness state_of(const std::function<void(sources::GossipRow&)>& change) {
  sources::GossipView view;
  view.witness = NodeId{1};
  view.database_now = from_ms(1'000'000'000);
  sources::GossipRow row;
  row.id = NodeId{2};
  row.epoch = 3;
  row.expires_at = view.database_now + seconds{6};
  row.is_live = true;
  change(row);
  return liveness_of(row, Witness{&view, view.database_now, true, ""}, kDeadAfter);
}

TEST(LivenessState, FollowsTheRecordAsTheConsoleDoes) {
  using Row = sources::GossipRow;
  using sources::Membership;
  const auto now = from_ms(1'000'000'000);
  EXPECT_EQ(state_of([](Row&) {}).state, Liveness::live);
  EXPECT_EQ(state_of([](Row& row) { row.draining = true; }).state, Liveness::draining);
  EXPECT_EQ(state_of([&](Row& row) { row.expires_at = now - seconds{3}; }).state,
            Liveness::suspect);
  EXPECT_EQ(state_of([&](Row& row) { row.expires_at = now - seconds{301}; }).state, Liveness::dead);
  EXPECT_EQ(state_of([](Row& row) { row.membership = Membership::decommissioning; }).state,
            Liveness::decommissioning);
  EXPECT_EQ(state_of([](Row& row) { row.membership = Membership::decommissioned; }).state,
            Liveness::decommissioning)
      << "still alive";
  EXPECT_EQ(state_of([&](Row& row) {
              row.membership = Membership::decommissioned;
              row.expires_at = now - seconds{3};
            }).state,
            Liveness::decommissioned);
  EXPECT_EQ(state_of([&](Row& row) {
              row.membership = Membership::decommissioning;
              row.expires_at = now - seconds{3};
            }).state,
            Liveness::suspect)
      << "unavailable trumps decommissioning";
}

TEST(LivenessState, LessThanASecondIsSaidInWords) {
  const auto now = from_ms(1'000'000'000);
  EXPECT_EQ(
      state_of([&](sources::GossipRow& row) { row.expires_at = now - milliseconds{999}; }).reason,
      "its liveness record has just expired");
  const auto lost = state_of([&](sources::GossipRow& row) {
    row.is_live = false;
    row.expires_at = now + milliseconds{999};
  });
  EXPECT_EQ(lost.reason, "gossip of n1 calls it not live; its record is about to expire");
}

TEST(LivenessState, ASuspectSaysWhyAndWhatComesNext) {
  const auto now = from_ms(1'000'000'000);
  const auto expired =
      state_of([&](sources::GossipRow& row) { row.expires_at = now - seconds{3}; });
  EXPECT_EQ(expired.reason, "its liveness record expired 3 s ago");
  EXPECT_EQ(expired.next_state, Liveness::dead);
  EXPECT_EQ(expired.next_at, now + seconds{297});
  const auto lost = state_of([](sources::GossipRow& row) { row.is_live = false; });
  EXPECT_EQ(lost.state, Liveness::suspect);
  EXPECT_EQ(lost.reason, "gossip of n1 calls it not live; its record holds for another 6 s");
}

}  // namespace
}  // namespace faultline::observe
