#include "exporter/observe/liveness_state.hpp"

#include <gmock/gmock.h>

#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using sources::Membership;
using std::chrono::seconds;

const WallTime kNow = from_ms(1'795'423'340'000);
constexpr seconds kDeadAfter{300};

struct RecordCase {
  const char* name;
  int expires_in_s;
  std::int64_t epoch;
  Membership membership;
  bool draining;
  Liveness state;
  std::optional<Liveness> next;
  std::optional<int> next_in_s;
};

class Record : public testing::TestWithParam<RecordCase> {};

TEST_P(Record, IsReadAsDbConsoleReadsIt) {
  const auto& given = GetParam();
  sources::GossipView view;
  view.witness = NodeId{1};
  view.database_now = kNow;
  sources::GossipRow row;
  row.id = NodeId{2};
  row.epoch = given.epoch;
  row.expires_at = kNow + seconds{given.expires_in_s};
  row.membership = given.membership;
  row.draining = given.draining;
  row.is_live = given.expires_in_s > 0;
  const auto liveness = liveness_of(row, {&view, kNow, true, {}}, kDeadAfter);
  EXPECT_EQ(liveness.state, given.state) << given.name;
  EXPECT_EQ(liveness.next_state, given.next) << given.name;
  const auto next_at =
      given.next_in_s ? std::optional{kNow + seconds{*given.next_in_s}} : std::nullopt;
  EXPECT_EQ(liveness.next_at, next_at) << given.name;
}

constexpr auto kActive = Membership::active;
constexpr auto kLeaving = Membership::decommissioning;
constexpr auto kLeft = Membership::decommissioned;

INSTANTIATE_TEST_SUITE_P(
    LivenessStatus, Record,
    testing::Values(
        RecordCase{"live", 5, 1, kActive, false, Liveness::live, {}, {}},
        RecordCase{"draining", 5, 1, kActive, true, Liveness::draining, {}, {}},
        RecordCase{"just expired", 0, 1, kActive, false, Liveness::suspect, Liveness::dead, 300},
        RecordCase{"expired and draining", -10, 1, kActive, true, Liveness::suspect, Liveness::dead,
                   290},
        RecordCase{"at the limit", -300, 1, kActive, false, Liveness::suspect, Liveness::dead, 0},
        RecordCase{"past it", -301, 1, kActive, false, Liveness::dead, {}, {}},
        RecordCase{"never up, so not dead", -9999, 0, kActive, false, Liveness::suspect,
                   Liveness::dead, -9699},
        RecordCase{"leaving",
                   5,
                   1,
                   kLeaving,
                   false,
                   Liveness::decommissioning,
                   Liveness::decommissioned,
                   {}},
        RecordCase{"leaving and draining",
                   5,
                   1,
                   kLeaving,
                   true,
                   Liveness::decommissioning,
                   Liveness::decommissioned,
                   {}},
        RecordCase{"leaving and away", -10, 1, kLeaving, false, Liveness::suspect, Liveness::dead,
                   290},
        RecordCase{"leaving and dead", -301, 1, kLeaving, false, Liveness::decommissioned, {}, {}},
        RecordCase{"left, still up", 5, 1, kLeft, false, Liveness::decommissioning, {}, {}},
        RecordCase{"left", -10, 1, kLeft, false, Liveness::decommissioned, {}, {}}));

NodeLiveness live_now() {
  NodeLiveness liveness;
  liveness.state = Liveness::live;
  liveness.witness = NodeId{1};
  return liveness;
}

TEST(Return, OnNewVersionsANodeIsSuspectForHalfAMinuteAfterItIsBack) {
  NodeLiveness away;
  away.state = Liveness::suspect;
  away.next_state = Liveness::dead;
  away.witness = NodeId{1};
  auto back = live_now();
  remember_return(back, &away, "v23.1.14", seconds{30}, kNow);
  EXPECT_EQ(back.state, Liveness::suspect);
  EXPECT_TRUE(is_back(back));
  EXPECT_FALSE(is_back(away));
  EXPECT_EQ(back.next_at, kNow + seconds{30});
  auto later = live_now();
  remember_return(later, &back, "v23.1.14", seconds{30}, kNow + seconds{29});
  EXPECT_TRUE(is_back(later));
  EXPECT_EQ(later.next_at, kNow + seconds{30}) << "the end does not move";
  auto settled = live_now();
  remember_return(settled, &later, "v23.1.14", seconds{30}, kNow + seconds{30});
  EXPECT_EQ(settled.state, Liveness::live);
  auto longer = live_now();
  remember_return(longer, &away, "v23.1.14", seconds{45}, kNow);
  EXPECT_EQ(longer.next_at, kNow + seconds{45}) << "where the cluster is set so";
  EXPECT_NE(longer.reason.find("45 s"), std::string::npos) << longer.reason;
}

TEST(Return, IsNoStateOfOldVersionsNorOfANodeThatWasNeverAway) {
  NodeLiveness away;
  away.state = Liveness::dead;
  away.witness = NodeId{1};
  for (const char* version : {"v22.2.9", "v22.1.0-alpha.20220214", ""}) {
    auto back = live_now();
    remember_return(back, &away, version, seconds{30}, kNow);
    EXPECT_EQ(back.state, Liveness::live) << version;
  }
  away.witness.reset();
  auto missed_by_nobody = live_now();
  remember_return(missed_by_nobody, &away, "v25.2.0", seconds{30}, kNow);
  EXPECT_EQ(missed_by_nobody.state, Liveness::live) << "only we took it for away";
  auto first = live_now();
  remember_return(first, nullptr, "v25.2.0", seconds{30}, kNow);
  EXPECT_EQ(first.state, Liveness::live);
  const auto before = live_now();
  auto still = live_now();
  remember_return(still, &before, "v25.2.0", seconds{30}, kNow);
  EXPECT_EQ(still.state, Liveness::live);
}

TEST(Return, IsToldOnceWhenItBeginsAndOnceWhenItIsOver) {
  test::ToyCluster cluster{3, 65};
  auto away = cluster.look();
  away.nodes[2].liveness.state = Liveness::suspect;
  away.nodes[2].liveness.next_state = Liveness::dead;
  auto back = away;
  back.nodes[2].liveness.next_state = Liveness::live;
  back.nodes[2].liveness.reason = "it is back";
  const auto begins = diff(&away, back);
  ASSERT_EQ(begins.size(), 1U);
  EXPECT_EQ(begins[0].sentence, "n3 is suspect: it is back");
  EXPECT_EQ(begins[0].severity, Severity::info);
  EXPECT_TRUE(diff(&back, back).empty());
  auto live = back;
  live.nodes[2].liveness = live_now();
  ASSERT_EQ(diff(&back, live).size(), 1U);
  EXPECT_EQ(diff(&back, live)[0].sentence, "n3 is live");
}

TEST(Disagreement, OfTwoGatewaysIsShownAtOnceAndToldWhenItLasts) {
  test::ToyCluster cluster{3, 65};
  cluster.look();
  std::vector<std::string> told;
  const auto look = [&](bool disagree) {
    cluster.advance(milliseconds{500});
    cluster.poll();
    if (disagree) {
      auto view = *cluster.readings.second_gossip->part;
      view.rows[2].is_live = false;
      cluster.readings.second_gossip->part = std::make_shared<const sources::GossipView>(view);
    }
    cluster.assemble();
    for (const auto& event : cluster.last_events()) {
      if (event.kind == EventKind::disagreement) told.push_back(event.sentence);
    }
  };
  look(true);
  const auto& liveness = cluster.memory.previous->nodes[2].liveness;
  EXPECT_EQ(liveness.disagreement, "n1 says live, n2 says suspect");
  EXPECT_EQ(liveness.state, Liveness::suspect) << "the worse one";
  for (int i = 0; i < 5; ++i) look(true);
  EXPECT_TRUE(told.empty()) << "two reads are never of one instant";
  for (int i = 0; i < 5; ++i) look(true);
  EXPECT_THAT(told,
              testing::ElementsAre("The gateways disagree on n3: n1 says live, n2 says suspect"));
  look(false);
  EXPECT_EQ(told.size(), 2U);
  EXPECT_EQ(cluster.memory.previous->nodes[2].liveness.disagreement, "");
}

}  // namespace
}  // namespace faultline::observe
