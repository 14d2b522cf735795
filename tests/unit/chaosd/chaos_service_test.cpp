#include "chaosd/service/chaos_service.hpp"

#include <gmock/gmock.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Service : public ChaosdTest {
 protected:
  [[nodiscard]] Error refusal(const FaultRequest& request) const {
    const auto fault = life->service.inject(request);
    EXPECT_FALSE(fault);
    EXPECT_TRUE(life->service.faults(false).empty()) << "a refusal leaves no fault behind";
    return fault ? Error{} : fault.error();
  }
  static FaultRequest kill_of(const std::string& target, std::int64_t duration_s = 60) {
    return {FaultKind::kill, target, std::nullopt, duration_s, std::nullopt};
  }
};

TEST_F(Service, AnAcceptedFaultSaysWhatWillHappen) {
  const auto fault = life->inject(FaultKind::stop, "n2", 60);
  EXPECT_EQ(fault.state, FaultState::queued);
  EXPECT_EQ(fault.target, "n2");
  EXPECT_EQ(fault.expires_at - fault.created_at, 60s);
  EXPECT_EQ(fault.id.value, "f-run1-1");
}

TEST_F(Service, ADurationOutsideTheLimitsIsRefused) {
  for (const std::int64_t duration : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1801},
                                      std::numeric_limits<std::int64_t>::max()}) {
    const auto error = refusal(kill_of("n1", duration));
    EXPECT_EQ(error.code, ErrorCode::invalid);
    EXPECT_EQ(error.field, "/duration_s");
    EXPECT_THAT(error.message, HasSubstr("1 to 1800"));
  }
  EXPECT_TRUE(life->service.inject(kill_of("n1", 1800)));
}

TEST_F(Service, AnUnknownTargetIsRefusedWithTheKnownOnes) {
  const auto error = refusal(kill_of("n9"));
  EXPECT_EQ(error.code, ErrorCode::not_found);
  EXPECT_EQ(error.field, "/target");
  EXPECT_THAT(error.message, HasSubstr("known targets: n1, n2, n3"));
}

TEST_F(Service, ExactlyOneOfTargetAndNodeIdMustBeGiven) {
  FaultRequest request = kill_of("n1");
  request.node_id = NodeId{1};
  EXPECT_EQ(refusal(request).code, ErrorCode::invalid);
  request.target.reset();
  request.node_id.reset();
  EXPECT_EQ(refusal(request).code, ErrorCode::invalid);
  request.target = "";
  EXPECT_EQ(refusal(request).field, "/target");
}

TEST_F(Service, ANodeIdSelectsTheTargetThatAdvertisesIt) {
  life->board.put_nodes(std::vector<NodeAddress>{{NodeId{7}, "n3:26257"}}, clock.now().wall);
  const auto fault =
      life->service.inject({FaultKind::kill, std::nullopt, NodeId{7}, 60, std::nullopt});
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->target, "n3");
  EXPECT_EQ(fault->node_id, NodeId{7});
}

TEST_F(Service, ASecondOpenFaultOnATargetIsRefusedAndNamesTheFirst) {
  const auto first = life->inject(FaultKind::pause, "n1").id;
  const auto second = life->service.inject(kill_of("n1"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_THAT(second.error().message, HasSubstr(first.value));
  EXPECT_TRUE(life->service.inject(kill_of("n2"))) << "another target is another matter";
}

TEST_F(Service, AfterTheUndoingTheTargetIsFreeAgain) {
  const auto first = life->inject(FaultKind::pause, "n1").id;
  life->work();
  ASSERT_TRUE(life->service.undo(first));
  EXPECT_FALSE(life->service.inject(kill_of("n1"))) << "while it is being undone";
  life->work();
  EXPECT_TRUE(life->service.inject(kill_of("n1")));
}

TEST_F(Service, ATargetThatDoesNotRunIsRefusedForEveryKind) {
  for (const auto state : {ContainerState::exited, ContainerState::paused,
                           ContainerState::restarting, ContainerState::created}) {
    world.at("n1").state = state;
    life->watch.step();
    for (const auto kind :
         {FaultKind::stop, FaultKind::kill, FaultKind::pause, FaultKind::restart}) {
      const auto error = refusal({kind, "n1", std::nullopt, 60, std::nullopt});
      EXPECT_EQ(error.code, ErrorCode::conflict);
      EXPECT_THAT(error.message, HasSubstr("n1 is " + std::string{to_string(state)}));
    }
  }
}

TEST_F(Service, AGraceIsForAStopAndShorterThanTheFault) {
  FaultRequest request = kill_of("n1");
  request.grace_s = 5;
  EXPECT_EQ(refusal(request).field, "/grace_s");
  request.kind = FaultKind::stop;
  request.grace_s = 60;
  EXPECT_EQ(refusal(request).field, "/grace_s");
  request.grace_s = -1;
  EXPECT_EQ(refusal(request).field, "/grace_s");
  request.grace_s = 59;
  EXPECT_TRUE(life->service.inject(request));
}

TEST_F(Service, WhenTheRuntimeWasNeverReachedItSaysSoAndNotThatNothingExists) {
  world.errors["list"] = {ErrorCode::unavailable, "no such socket"};
  world.errors["describe"] = world.errors["list"];
  begin();
  EXPECT_EQ(life->service.targets().error().code, ErrorCode::unavailable);
  EXPECT_EQ(refusal(kill_of("n1")).code, ErrorCode::unavailable);
  const auto capabilities = life->service.capabilities();
  EXPECT_FALSE(capabilities.health.ok);
  ASSERT_EQ(capabilities.faults.size(), fault_catalogue().size());
  EXPECT_EQ(capabilities.faults[0].support, Support::unsupported);
  EXPECT_THAT(capabilities.faults[0].reason, HasSubstr("no such socket"));
}

TEST_F(Service, AnEmptyWorldIsAnEmptyListAndNotAnError) {
  world.targets.clear();
  life->watch.step();
  const auto targets = life->service.targets();
  ASSERT_TRUE(targets);
  EXPECT_TRUE(targets->empty());
  EXPECT_THAT(refusal(kill_of("n1")).message, HasSubstr("known targets: none"));
}

TEST_F(Service, AnUnknownFaultIsNotFound) {
  EXPECT_EQ(life->service.fault({"f-9"}).error().code, ErrorCode::not_found);
  EXPECT_EQ(life->service.undo({"f-9"}).error().code, ErrorCode::not_found);
}

TEST_F(Service, TheOriginalStartUndoesTheOpenFault) {
  const auto id = life->inject(FaultKind::stop, "n1").id;
  life->work();
  const auto outcome = life->service.start("n1");
  ASSERT_TRUE(outcome);
  ASSERT_TRUE(outcome->fault);
  EXPECT_EQ(outcome->fault->id, id);
  life->work();
  EXPECT_EQ(world.calls, (std::vector<std::string>{"stop id-n1", "start id-n1"}));
}

TEST_F(Service, WhileLeavingNothingNewIsBegunButUndoingGoesOn) {
  const auto id = life->inject(FaultKind::kill, "n1").id;
  life->work();
  life->service.close();
  EXPECT_EQ(life->service.inject(kill_of("n2")).error().code, ErrorCode::unavailable);
  EXPECT_EQ(life->service.start("n2").error().code, ErrorCode::unavailable);
  EXPECT_TRUE(life->service.undo(id));
  life->work();
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(Service, WhatEndedLongAgoIsNoLongerRecent) {
  life->inject(FaultKind::restart, "n1");
  life->work();
  EXPECT_EQ(life->service.recent_faults().size(), 1U);
  life->pass(61s);
  EXPECT_TRUE(life->service.recent_faults().empty());
  EXPECT_EQ(life->service.faults(false).size(), 1U);
}

}  // namespace
}  // namespace faultline::chaos
