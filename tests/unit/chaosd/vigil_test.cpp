#include "chaosd/service/vigil.hpp"

#include <gmock/gmock.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"
#include "tests/unit/chaosd/fake_impact.hpp"
#include "tests/unit/chaosd/fake_sight.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Three targets that are nodes 1 to 3, a guard that enforces, and an exporter that says
/// what the test wants.
class VigilTest : public ChaosdTest {
 protected:
  VigilTest() { meet(); }

  void meet() {
    life->meet_nodes();
    use(GuardMode::enforce);
  }
  void use(GuardMode mode) {
    guard =
        std::make_unique<Guard>(mode, life->service, life->board, life->ledger(), &impact, clock);
    vigil = std::make_unique<Vigil>(mode, life->ledger(), life->board, impact, sight, life->feed,
                                    clock, silent_logger());
  }
  FaultId inject(FaultKind kind, const std::string& target,
                 std::optional<std::string> accept = {}) {
    const auto done = guard->inject({{request_for(kind, target)}, false, std::move(accept)});
    EXPECT_TRUE(done && !done->faults.empty());
    life->work();
    return done && !done->faults.empty() ? done->faults.front().id : FaultId{};
  }
  std::string hash_of(FaultKind kind, const std::string& target) {
    return guard->plan({{request_for(kind, target)}})->hash;
  }
  /// By another hand.
  void kill(const std::string& target) {
    world.at(target).state = ContainerState::exited;
    life->watch.step();
  }
  void look() {
    vigil->step();
    life->work();
  }

  FakeImpact impact;
  FakeSight sight;
  std::unique_ptr<Guard> guard;
  std::unique_ptr<Vigil> vigil;
};

TEST_F(VigilTest, ADeathThatWithTheFaultCostsQuorumUndoesTheFault) {
  const auto id = inject(FaultKind::pause, "n2");
  look();
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  kill("n3");
  impact.answer = FakeImpact::losing_quorum(12);
  look();
  EXPECT_EQ(impact.asked.back().nodes, (std::vector{NodeId{2}, NodeId{3}}));
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(life->fault(id).reason,
            "n3 died, which with this fault would cost 12 ranges their quorum: undone");
  EXPECT_EQ(world.at("n2").state, ContainerState::running);
  EXPECT_EQ(world.at("n3").state, ContainerState::exited) << "what another hand did stays";
}

TEST_F(VigilTest, WhetherTheClusterHasNoticedTheDeathsYetMakesNoDifference) {
  const auto id = inject(FaultKind::pause, "n2");
  kill("n3");
  Impact noticed = FakeImpact::harmless();
  noticed.quorum_lost_already = 1;
  impact.answer = noticed;
  look();
  EXPECT_THAT(life->fault(id).reason, HasSubstr("cost 1 range its quorum"));
}

TEST_F(VigilTest, ADeathThatOnlyTheExporterSeesCounts) {
  const auto id = inject(FaultKind::net_isolate, "n2");
  sight.answer = FakeSight::with_down({NodeId{2}, NodeId{4}, NodeId{5}});
  impact.answer = FakeImpact::losing_quorum(12);
  look();
  EXPECT_EQ(impact.asked.back().nodes, (std::vector{NodeId{2}, NodeId{4}, NodeId{5}}));
  EXPECT_THAT(life->fault(id).reason, HasSubstr("n4 and n5 died"));
  EXPECT_THAT(world.holds, IsEmpty());
}

TEST_F(VigilTest, ADeathThatCostsNothingUndoesNothing) {
  const auto id = inject(FaultKind::pause, "n2");
  kill("n3");
  look();
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  impact.answer = FakeImpact::losing_quorum();  // It may yet: judged anew each time.
  look();
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
}

TEST_F(VigilTest, WhatWasLostBeforeThePlanIsNoNews) {
  Impact before = FakeImpact::harmless();
  before.quorum_lost_already = 5;
  impact.answer = before;
  const auto id = inject(FaultKind::pause, "n2");
  kill("n3");
  look();
  EXPECT_EQ(life->fault(id).state, FaultState::active);
}

TEST_F(VigilTest, ACutIsAskedAboutAsACutSoThatAnOldDeathIsNoNews) {
  sight.answer = FakeSight::with_down({NodeId{5}});  // Since long before.
  inject(FaultKind::net_partition, "n2");
  look();
  EXPECT_EQ(impact.asked.back(),
            (ImpactQuestion{{NodeId{2}}, ImpactFault::partition, {NodeId{3}}}));
}

TEST_F(VigilTest, WithoutAnotherDeathNobodyIsAskedAndNothingIsUndone) {
  const auto id = inject(FaultKind::pause, "n2");
  impact.answer = FakeImpact::losing_quorum();
  const auto asked = impact.asked.size();
  sight.answer = FakeSight::with_down({NodeId{2}});
  look();
  EXPECT_EQ(impact.asked.size(), asked);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
}

TEST_F(VigilTest, WhatSomebodyAcceptedIsNotUndone) {
  impact.answer = FakeImpact::losing_quorum();
  const auto id = inject(FaultKind::pause, "n2", hash_of(FaultKind::pause, "n2"));
  kill("n3");
  impact.answer = FakeImpact::losing_quorum(60);
  look();
  EXPECT_EQ(life->fault(id).state, FaultState::active);
}

TEST_F(VigilTest, AnAcceptedSecondFaultOfOursIsNoDeath) {
  const auto first = inject(FaultKind::pause, "n2");
  impact.answer = FakeImpact::losing_quorum();
  const auto second = inject(FaultKind::kill, "n3", hash_of(FaultKind::kill, "n3"));
  life->watch.step();
  look();
  EXPECT_EQ(life->fault(first).state, FaultState::active);
  // Nor is the node that comes back from it.
  ASSERT_TRUE(life->service.undo(second));
  life->work();
  kill("n3");
  look();
  EXPECT_EQ(life->fault(first).state, FaultState::active);
  clock.advance(Vigil::kComingBack + 1ms);
  look();
  EXPECT_EQ(life->fault(first).state, FaultState::reverted) << "it did not come back";
}

TEST_F(VigilTest, AnExporterThatIsAwayKeepsTheFaultAndIsTold) {
  const auto id = inject(FaultKind::pause, "n2");
  const auto before = life->feed.seq();
  sight.answer = Error{ErrorCode::timeout, "the exporter does not answer: no answer"};
  impact.answer = Error{ErrorCode::timeout, "the exporter does not answer: no answer"};
  look();
  look();
  kill("n3");
  look();
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  std::vector<std::string> said;
  (void)life->feed.poll({before, std::nullopt, 0ms}, {}, [&](const FeedBatch& batch) {
    for (const auto& event : batch.events) {
      if (event.fault_id == id) said.push_back(event.sentence);
    }
  });
  ASSERT_EQ(said.size(), 1U) << "once, not at every look";
  EXPECT_THAT(said[0], HasSubstr("not watched, it ends at its deadline: the exporter does not"));
  clock.advance(61s);
  life->work();
  EXPECT_EQ(life->fault(id).reason, "its time was over");
}

TEST_F(VigilTest, WhenTheSurvivorsTellNothingOfRangesTheHeadlineDecides) {
  const auto id = inject(FaultKind::pause, "n2");
  kill("n3");
  Impact blind;
  blind.reason = "no node is live in its own eyes, so who is up cannot be told";
  impact.answer = blind;
  ClusterSight gone = FakeSight::with_down({NodeId{3}});
  gone.verdict = VerdictState::unavailable;
  gone.sentence = "No quorum: 1 of 3 nodes answers";
  sight.answer = gone;
  look();
  EXPECT_THAT(life->fault(id).reason,
              HasSubstr("n3 died, and with this fault the cluster is unavailable"));
}

TEST_F(VigilTest, AGuardThatWarnsUndoesNothing) {
  use(GuardMode::warn);
  const auto id = inject(FaultKind::pause, "n2");
  kill("n3");
  impact.answer = FakeImpact::losing_quorum();
  look();
  EXPECT_EQ(life->fault(id).state, FaultState::active);
}

TEST_F(VigilTest, AFaultOfAnEarlierRunIsWatchedToo) {
  const auto id = inject(FaultKind::pause, "n2");
  begin();
  life->watch.step();
  meet();
  kill("n3");
  impact.answer = FakeImpact::losing_quorum(12);
  look();
  EXPECT_THAT(life->fault(id).reason, HasSubstr("n3 died"));
}

TEST_F(VigilTest, WithoutAFaultTheExporterIsLeftAlone) {
  look();
  EXPECT_EQ(sight.looks, 0);
}

TEST(ClusterSight, TellsWhoIsGoneAndLeavesOutWhoIsOnlyLate) {
  const auto sight = read_sight(R"({"verdict":{"state":"degraded","sentence":"said"},
    "ranges_unavailable":null,"ranges_underreplicated":7,"nodes":[
    {"node_id":4,"liveness":{"state":"live"},"process":{"state":"unreachable"}},
    {"node_id":1,"liveness":{"state":"suspect"},"process":{"state":"reachable"}},
    {"node_id":2,"liveness":{"state":"dead"},"process":{"state":"unknown"}},
    {"node_id":3,"liveness":{"state":"decommissioned"},"process":{"state":"unreachable"}},
    {"node_id":5,"liveness":{"state":"live"},"container":{"state":"exited"}},
    {"node_id":7,"liveness":{"state":"dead"},"process":{"state":"reachable"}},
    {"node_id":6}]})");
  ASSERT_TRUE(sight);
  EXPECT_EQ(sight->verdict, VerdictState::degraded);
  EXPECT_FALSE(sight->ranges_unavailable) << "unknown is not zero";
  EXPECT_EQ(sight->under_replicated, 7);
  EXPECT_EQ(sight->down, (std::vector{NodeId{2}, NodeId{4}, NodeId{5}}));
}

TEST(ClusterSight, WhatIsNoStateIsAnError) {
  for (const char* body :
       {"", "[]", "{}", R"({"verdict":{},"nodes":[]})", R"({"verdict":{"state":"x"},"nodes":[7]})",
        R"({"verdict":{"state":"x"},"nodes":[],"ranges_unavailable":"many"})"}) {
    EXPECT_FALSE(read_sight(body)) << body;
  }
}

}  // namespace
}  // namespace faultline::chaos
