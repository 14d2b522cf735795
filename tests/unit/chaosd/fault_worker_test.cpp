#include "chaosd/service/fault_worker.hpp"

#include <gmock/gmock.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FaultLife : public ChaosdTest {
 protected:
  [[nodiscard]] std::vector<std::string> states_told(const FaultId& id) const {
    std::vector<std::string> states;
    (void)life->feed.poll({0, std::nullopt, 0ms}, {}, [&](const FeedBatch& batch) {
      for (const auto& event : batch.events) {
        if (event.fault_id == id) states.push_back(event.state);
      }
    });
    return states;
  }
};

TEST_F(FaultLife, AStopGoesThroughEveryStateInOrder) {
  const auto id = life->inject(FaultKind::stop, "n2", 10).id;
  life->work();
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  EXPECT_EQ(world.at("n2").state, ContainerState::exited);
  life->pass(11s);
  EXPECT_THAT(states_told(id),
              ElementsAre("queued", "injecting", "active", "reverting", "reverted"));
  EXPECT_EQ(world.at("n2").state, ContainerState::running);
  EXPECT_THAT(world.calls, ElementsAre("stop id-n2", "start id-n2"));
}

TEST_F(FaultLife, APauseIsUndoneByUnpausing) {
  life->inject(FaultKind::pause, "n1", 5);
  life->work();
  EXPECT_EQ(world.at("n1").state, ContainerState::paused);
  life->pass(6s);
  EXPECT_THAT(world.calls, ElementsAre("pause id-n1", "unpause id-n1"));
}

TEST_F(FaultLife, ARestartEndsAsSoonAsTheTargetRunsAgain) {
  const auto id = life->inject(FaultKind::restart, "n1", 60).id;
  const auto before = world.at("n1").instance;
  life->work();
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_NE(world.at("n1").instance, before);
  EXPECT_THAT(world.calls, ElementsAre("stop id-n1", "start id-n1"));
  EXPECT_THAT(states_told(id),
              ElementsAre("queued", "injecting", "active", "reverting", "reverted"));
}

TEST_F(FaultLife, IsNotUndoneBeforeItsDeadline) {
  life->inject(FaultKind::kill, "n1", 10);
  life->work();
  life->pass(9900ms);
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  life->pass(200ms);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(FaultLife, AStepOfTheWallClockNeitherProlongsNorShortensIt) {
  life->inject(FaultKind::kill, "n1", 10);
  life->work();
  clock.step_wall(1h);
  life->work();
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  clock.step_wall(-2h);
  life->pass(10s);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(FaultLife, UndoOnRequestWorksAtOnceAndTwice) {
  const auto id = life->inject(FaultKind::kill, "n1").id;
  life->work();
  EXPECT_EQ(life->service.undo(id)->state, FaultState::reverting);
  life->work();
  EXPECT_EQ(life->service.undo(id)->state, FaultState::reverted);
  life->work();
  EXPECT_THAT(world.calls, ElementsAre("kill id-n1", "start id-n1"));
}

TEST_F(FaultLife, UndoBeforeItWasBegunTouchesNothing) {
  const auto id = life->inject(FaultKind::kill, "n1").id;
  EXPECT_EQ(life->service.undo(id)->state, FaultState::failed);
  life->work();
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(FaultLife, HealUndoesAllAndHealingAgainDoesNothing) {
  life->inject(FaultKind::kill, "n1");
  life->inject(FaultKind::pause, "n2");
  life->work();
  life->inject(FaultKind::stop, "n3");
  EXPECT_EQ(life->service.heal("test").size(), 3U);
  life->work();
  const auto calls = world.calls;
  EXPECT_TRUE(life->service.heal("test").empty());
  life->work();
  EXPECT_EQ(world.calls, calls);
  for (const char* name : {"n1", "n2", "n3"})
    EXPECT_EQ(world.at(name).state, ContainerState::running);
}

TEST_F(FaultLife, AMechanismThatSilentlyDoesNothingIsFailedNotActive) {
  world.ignored.insert("pause");
  const auto id = life->inject(FaultKind::pause, "n1", 60).id;
  life->pass(12s);
  const auto fault = life->fault(id);
  EXPECT_EQ(fault.state, FaultState::failed);
  EXPECT_THAT(fault.reason, HasSubstr("no effect"));
  EXPECT_FALSE(fault.active_at.has_value());
}

TEST_F(FaultLife, ARefusedInjectionIsFailedWithTheReason) {
  world.errors["kill"] = {ErrorCode::conflict, "container is not running"};
  const auto id = life->inject(FaultKind::kill, "n1").id;
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("container is not running"));
}

TEST_F(FaultLife, AnInjectionThatTimedOutButHadItsEffectIsUndone) {
  world.late_errors["stop"] = {ErrorCode::timeout, "no answer"};
  const auto id = life->inject(FaultKind::stop, "n1").id;
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
  EXPECT_THAT(world.calls, ElementsAre("stop id-n1", "start id-n1"));
}

TEST_F(FaultLife, ADrainThatEndsAfterItsTimeoutIsUndoneWhenItEnds) {
  world.errors["stop"] = {ErrorCode::timeout, "no answer"};
  const auto id = life->inject(FaultKind::stop, "n1", 40).id;
  life->pass(5s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverting);
  world.at("n1").state = ContainerState::exited;  // The SIGTERM that was sent has done its work.
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

/// An Engine that is frozen does what it was told once it thaws, after it has answered others.
TEST_F(FaultLife, WhatTheEngineDoesOnlyAfterItsSilenceIsUndone) {
  for (const auto kind : {FaultKind::kill, FaultKind::pause}) {
    for (const char* verb : {"kill", "pause"}) {
      world.errors[verb] = {ErrorCode::timeout, "no answer"};
    }
    const auto id = life->inject(kind, "n1", 60).id;
    life->work();
    world.errors["inspect"] = {ErrorCode::timeout, "no answer"};
    life->pass(30s);
    EXPECT_EQ(life->fault(id).state, FaultState::revert_failed);
    world.errors.clear();
    ASSERT_TRUE(life->service.undo(id));
    life->work();
    EXPECT_TRUE(is_open(life->fault(id).state)) << "one answer is not enough";
    world.at("n1").state =
        kind == FaultKind::kill ? ContainerState::exited : ContainerState::paused;
    life->pass(5s);
    EXPECT_EQ(world.at("n1").state, ContainerState::running) << to_string(kind);
    EXPECT_EQ(life->fault(id).state, FaultState::failed);
  }
}

TEST_F(FaultLife, SilenceAfterAnEffectThatWasProvenProlongsNothing) {
  const auto id = life->inject(FaultKind::kill, "n1", 5).id;
  life->work();
  world.errors["inspect"] = {ErrorCode::timeout, "no answer"};
  life->pass(30s);
  world.errors.clear();
  world.start("n1");
  ASSERT_TRUE(life->service.undo(id));
  life->work();
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
}

TEST_F(FaultLife, ATargetThatWentDownMeanwhileIsNotTouched) {
  const auto id = life->inject(FaultKind::kill, "n1").id;
  world.at("n1").state = ContainerState::exited;
  life->work();
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("nothing was done: n1 is exited"));
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(FaultLife, ATargetThatIsGoneEndsTheFault) {
  const auto id = life->inject(FaultKind::kill, "n1", 60).id;
  life->work();
  world.targets.erase("id-n1");
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("the target is gone"));
}

TEST_F(FaultLife, ATargetStartedByAnotherHandEndsTheFaultEarly) {
  const auto id = life->inject(FaultKind::kill, "n1", 60).id;
  life->work();
  world.start("n1");
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("ended early"));
  EXPECT_THAT(world.calls, ElementsAre("kill id-n1"));
}

TEST_F(FaultLife, AnotherRunThatWentDownByAnotherHandIsLeftDown) {
  const auto id = life->inject(FaultKind::kill, "n1", 60).id;
  life->work();
  world.start("n1");
  world.at("n1").state = ContainerState::exited;
  life->pass(61s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  EXPECT_THAT(world.calls, ElementsAre("kill id-n1"));
}

TEST_F(FaultLife, APausedTargetThatWasKilledByAnotherHandIsLeftDown) {
  const auto id = life->inject(FaultKind::pause, "n1", 60).id;
  life->work();
  world.at("n1").state = ContainerState::exited;
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(world.calls, ElementsAre("pause id-n1"));
}

TEST_F(FaultLife, AFailedUndoIsRetriedUntilItWorks) {
  const auto id = life->inject(FaultKind::kill, "n1", 5).id;
  life->work();
  world.errors["start"] = {ErrorCode::upstream, "port is taken"};
  life->pass(6s);
  EXPECT_EQ(life->fault(id).state, FaultState::revert_failed);
  EXPECT_EQ(life->fault(id).reason, "port is taken");
  life->pass(60s);
  EXPECT_GT(world.calls.size(), 10U);
  EXPECT_LT(world.calls.size(), 30U) << "the retries must back off";
  world.errors.clear();
  life->pass(6s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(life->fault(id).reason, "its time was over") << "the trouble on the way is over too";
  EXPECT_FALSE(life->fault(id).overdue);
}

TEST_F(FaultLife, WhatCannotBeUndoneInTimeIsToldAsOverdueOnce) {
  const auto id = life->inject(FaultKind::kill, "n1", 5).id;
  life->work();
  world.errors["inspect"] = {ErrorCode::unavailable, "the Engine is away"};
  life->pass(6s);
  EXPECT_FALSE(life->fault(id).overdue) << "undoing takes its moment";
  life->pass(30s);
  EXPECT_TRUE(life->fault(id).overdue);
  EXPECT_THAT(states_told(id), ElementsAre("queued", "injecting", "active", "reverting",
                                           "revert_failed", "revert_failed"));
}

TEST_F(FaultLife, ATargetThatDiesAtOnceAfterItsStartIsStartedAgain) {
  const auto id = life->inject(FaultKind::kill, "n1", 5).id;
  life->work();
  world.ignored.insert("start");
  life->pass(7s);
  EXPECT_EQ(life->fault(id).state, FaultState::revert_failed);
  world.ignored.clear();
  life->pass(6s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
}

TEST_F(FaultLife, AFaultThatWaitedPastItsDeadlineIsNotBegun) {
  const auto id = life->inject(FaultKind::kill, "n1", 5).id;
  clock.advance(6s);
  life->work();
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(FaultLife, TheHealingLaneTakesNoInjection) {
  life->inject(FaultKind::kill, "n1", 5);
  EXPECT_FALSE(life->healer.step());
  life->work();
  clock.advance(6s);
  EXPECT_TRUE(life->healer.step());
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

/// A drain takes its time; the worker that waits for it is one that has claimed it.
TEST_F(FaultLife, ALimitIsPutBackWhileItsTargetIsDrained) {
  auto& ledger = life->ledger();
  const auto limit = life->inject(FaultKind::cpu_throttle, "n1", 5).id;
  life->work();
  life->inject(FaultKind::stop, "n1", 600);
  const auto drain = ledger.claim(Lane::any);
  ASSERT_TRUE(drain);
  EXPECT_EQ(drain->work, Job::Work::inject);
  clock.advance(6s);
  EXPECT_EQ(ledger.idle_for(Lane::undo_only), 0ms);
  EXPECT_TRUE(life->healer.step()) << "its time is over, whatever else is done to the target";
  EXPECT_EQ(life->fault(limit).state, FaultState::reverted);
  EXPECT_FALSE(ledger.claim(Lane::any).has_value()) << "the drain has the target still";
  ledger.release(*drain);
  EXPECT_EQ(ledger.stats().targets_worked_on, 0);
}

TEST_F(FaultLife, NobodyLooksForWorkOnATargetThatIsBusy) {
  auto& ledger = life->ledger();
  const auto killed = life->inject(FaultKind::kill, "n1", 5).id;
  life->work();
  const auto limit = life->inject(FaultKind::cpu_throttle, "n1", 600).id;
  const auto job = ledger.claim(Lane::any);
  ASSERT_TRUE(job);
  ASSERT_EQ(job->record.view.id, limit);
  EXPECT_EQ(ledger.idle_for(Lane::any), 1000ms);
  clock.advance(6s);
  EXPECT_EQ(ledger.idle_for(Lane::any), 1000ms) << "else it is asked every millisecond";
  ledger.release(*job);
  EXPECT_EQ(ledger.idle_for(Lane::any), 0ms);
  life->work();
  EXPECT_EQ(life->fault(killed).state, FaultState::reverted);
}

TEST_F(FaultLife, NobodyLooksBeforeTheNextAttemptIsDue) {
  life->inject(FaultKind::kill, "n1", 5);
  life->work();
  world.errors["inspect"] = {ErrorCode::unavailable, "the Engine is away"};
  life->ledger().target_changed("id-n1");
  clock.advance(4900ms);
  life->work();
  clock.advance(200ms);  // Its deadline has passed, the time to look again has not come.
  EXPECT_EQ(life->ledger().idle_for(Lane::any), 300ms);
}

TEST_F(FaultLife, StartOnRequestStartsWhatIsDownAndThawsWhatIsPaused) {
  world.at("n1").state = ContainerState::exited;
  world.at("n2").state = ContainerState::paused;
  life->watch.step();
  for (const char* name : {"n1", "n2", "n3"}) ASSERT_TRUE(life->service.start(name));
  life->work();
  EXPECT_THAT(world.calls, ElementsAre("start id-n1", "unpause id-n2"));
}

TEST_F(FaultLife, TheHealingLaneTakesNoStart) {
  world.at("n1").state = ContainerState::exited;
  life->watch.step();
  ASSERT_TRUE(life->service.start("n1"));
  EXPECT_FALSE(life->healer.step()) << "it would keep leases from being renewed";
  EXPECT_GT(life->ledger().idle_for(Lane::undo_only), 0ms);
  life->work();
  EXPECT_THAT(world.calls, ElementsAre("start id-n1"));
}

TEST_F(FaultLife, AStartDoesNotWaitForOneOfABusyTarget) {
  auto& ledger = life->ledger();
  for (const char* name : {"n1", "n2"}) world.at(name).state = ContainerState::exited;
  life->watch.step();
  ASSERT_TRUE(life->service.start("n1"));
  const auto first = ledger.claim(Lane::any);
  ASSERT_TRUE(first);
  ASSERT_TRUE(life->service.start("n1"));  // Once more, while the first is under way.
  ASSERT_TRUE(life->service.start("n2"));
  EXPECT_EQ(ledger.idle_for(Lane::any), 0ms);
  EXPECT_TRUE(life->worker.step());
  EXPECT_THAT(world.calls, ElementsAre("start id-n2"));
  EXPECT_FALSE(life->worker.step());
  ledger.release(*first);
  life->work();
  EXPECT_THAT(world.calls, ElementsAre("start id-n2", "start id-n1"));
}

TEST_F(FaultLife, AStartOnRequestThatFailsIsTold) {
  world.at("n1").state = ContainerState::exited;
  life->watch.step();
  world.errors["start"] = {ErrorCode::upstream, "port is taken"};
  ASSERT_TRUE(life->service.start("n1"));
  life->work();
  std::string last;
  (void)life->feed.poll({}, {},
                        [&](const FeedBatch& batch) { last = batch.events.back().sentence; });
  EXPECT_EQ(last, "n1 could not be started: port is taken");
}

}  // namespace
}  // namespace faultline::chaos
