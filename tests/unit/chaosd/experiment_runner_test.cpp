#include "chaosd/service/experiment_runner.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/experiment_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using State = ExperimentState;

class Runner : public ExperimentTest {};

TEST_F(Runner, GoesThroughTheStepsOneAfterAnother) {
  const auto id = create(two_steps());
  EXPECT_EQ(state(id), State::scheduled);
  pass(500ms);
  EXPECT_EQ(state(id), State::running);
  EXPECT_EQ(container("n1"), ContainerState::exited);
  EXPECT_EQ(container("n2"), ContainerState::running);
  pass(6s);
  EXPECT_EQ(container("n1"), ContainerState::running);
  EXPECT_EQ(container("n2"), ContainerState::running) << "it rests for 3 s";
  pass(3s);
  EXPECT_EQ(container("n2"), ContainerState::paused);
  pass(5s);
  const auto done = get(id);
  EXPECT_EQ(done.state, State::done);
  EXPECT_TRUE(done.wanted);
  EXPECT_EQ(done.next_run_at, std::nullopt);
  ASSERT_THAT(done.runs, SizeIs(1));
  EXPECT_EQ(done.runs[0].state, State::done);
  EXPECT_EQ(done.runs[0].step, 1U);
  ASSERT_THAT(done.runs[0].records, SizeIs(2));
  EXPECT_EQ(done.runs[0].records[1].target, "n2");
  EXPECT_EQ(done.runs[0].records[1].node_id, NodeId{2});
  EXPECT_EQ(done.runs[0].records[1].state, FaultState::reverted);
  EXPECT_EQ(done.runs[0].records[1].experiment, (ExperimentMark{id, 1, 2}));
  EXPECT_EQ(life->ledger().open_count(), 0U);
}

TEST_F(Runner, TheFaultsOfAStepAreBegunAtOnceAndTheStepEndsWithTheLast) {
  meet(GuardMode::off);  // Two of three are a majority.
  const auto id = create(body(step_of(fault("kill", "n1", 3) + "," + fault("pause", "n2", 6)) +
                              "," + step_of(fault("pause", "n3", 3))));
  pass(1s);
  EXPECT_EQ(container("n1"), ContainerState::exited);
  EXPECT_EQ(container("n2"), ContainerState::paused);
  pass(4s);
  EXPECT_EQ(container("n1"), ContainerState::running);
  EXPECT_EQ(container("n3"), ContainerState::running) << "n2 is paused still";
  pass(3s);
  EXPECT_EQ(container("n3"), ContainerState::paused);
  pass(4s);
  EXPECT_EQ(state(id), State::done);
}

TEST_F(Runner, ARestartIsOverByItselfAndTheNextStepFollows) {
  const auto id =
      create(body(step_of(fault("restart", "n1", 30)) + "," + step_of(fault("pause", "n2", 4))));
  pass(3s);
  EXPECT_EQ(container("n1"), ContainerState::running);
  EXPECT_EQ(container("n2"), ContainerState::paused);
  pass(5s);
  EXPECT_EQ(state(id), State::done);
}

TEST_F(Runner, StoppedItUndoesWhatItBeganAndBeginsNothingMore) {
  const auto id = create(two_steps());
  pass(1s);
  const auto answer = service->stop(id, "stopped on request");
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->wanted) << "what is wanted is told at once";
  EXPECT_EQ(answer->state, State::running) << "what is the case is something else";
  life->work();
  EXPECT_EQ(container("n1"), ContainerState::running) << "without waiting for the runner";
  pass(20s);
  const auto stopped = get(id);
  EXPECT_EQ(stopped.state, State::stopped);
  EXPECT_EQ(stopped.runs[0].state, State::stopped);
  EXPECT_EQ(stopped.runs[0].reason, "stopped on request");
  EXPECT_EQ(stopped.runs[0].records[0].reason, "its experiment ends: stopped on request");
  EXPECT_EQ(container("n2"), ContainerState::running);
  const auto again = service->stop(id, "once more");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->state, State::stopped);
  EXPECT_EQ(again->stop_reason, "stopped on request");
}

TEST_F(Runner, ItIsStoppingUntilItsFaultIsUndone) {
  const auto id = create(two_steps());
  pass(1s);
  world.errors["start"] = {ErrorCode::unavailable, "the runtime is away"};
  ASSERT_TRUE(service->stop(id, "stopped on request"));
  pass(5s);
  EXPECT_EQ(state(id), State::stopping);
  EXPECT_EQ(get(id).runs[0].records[0].state, FaultState::revert_failed);
  world.errors.clear();
  pass(6s);
  EXPECT_EQ(state(id), State::stopped);
}

TEST_F(Runner, AFaultThatFailsAbortsTheRun) {
  world.ignored.insert("kill");
  const auto id = create(two_steps());
  pass(20s);
  EXPECT_EQ(state(id), State::aborted);
  EXPECT_THAT(get(id).reason, HasSubstr("failed: injected_unverified"));
  EXPECT_THAT(get(id).runs[0].records, SizeIs(1)) << "there is no second step";
}

TEST_F(Runner, AFaultThatSomebodyUndoesAbortsTheRun) {
  const auto id = create(two_steps());
  pass(1s);
  ASSERT_TRUE(life->service.undo(get(id).runs[0].records[0].id));
  pass(10s);
  EXPECT_EQ(state(id), State::aborted);
  EXPECT_THAT(get(id).reason, HasSubstr("ended before its time: undone on request"));
  EXPECT_EQ(container("n2"), ContainerState::running);
}

TEST_F(Runner, AStepOnATargetThatIsGoneAbortsTheRun) {
  const auto id = create(two_steps());
  pass(1s);
  world.targets.erase("id-n2");
  pass(10s);
  EXPECT_EQ(state(id), State::aborted);
  EXPECT_THAT(get(id).reason, HasSubstr("step 2: no target is named \"n2\""));
}

TEST_F(Runner, TheLeverAbortsAndRefusesUntilItIsReleased) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60})"));
  pass(1s);
  ASSERT_TRUE(life->service.set_lever(true, "release night"));
  pass(2s);
  EXPECT_EQ(container("n1"), ContainerState::running);
  EXPECT_EQ(get(id).runs[0].state, State::aborted);
  EXPECT_THAT(get(id).runs[0].reason, HasSubstr("release night"));
  EXPECT_FALSE(ask(two_steps())) << "and nothing new is taken";
  pass(60s);
  ASSERT_THAT(get(id).runs, SizeIs(2));
  EXPECT_EQ(get(id).runs[1].state, State::refused);
  EXPECT_THAT(get(id).runs[1].records, IsEmpty());
  ASSERT_TRUE(life->service.set_lever(false, "done"));
  pass(60s);
  EXPECT_EQ(get(id).runs[2].state, State::running) << "the schedule was kept";
}

TEST_F(Runner, HealingStopsAllOfThem) {
  meet(GuardMode::off);
  const auto first = create(two_steps(R"("schedule":{"every_s":60})"));
  const auto second = create(body(step_of(fault("pause", "n3", 60))));
  pass(1s);
  ASSERT_TRUE(service->stop_all("everything is healed on request"));
  life->service.heal("everything is healed on request");
  pass(70s);
  EXPECT_EQ(state(first), State::stopped);
  EXPECT_EQ(state(second), State::stopped);
  EXPECT_EQ(life->ledger().open_count(), 0U);
  EXPECT_THAT(get(first).runs, SizeIs(1)) << "the schedule is over, too";
}

TEST_F(Runner, LeavingChaosdAbortsTheRunAndBeginsNothing) {
  const auto id = create(two_steps());
  pass(1s);
  life->service.close();
  life->service.heal("chaosd is leaving");
  pass(1s);
  EXPECT_EQ(state(id), State::aborted);
  EXPECT_THAT(get(id).reason, HasSubstr("chaosd is leaving"));
}

/// chaosd is killed in the first step, and its journal lost; what experiments.jsonl has is there.
class RunnerWithoutJournal : public Runner {
 protected:
  void lose_journal() {
    runner.reset();
    service.reset();
    guard.reset();
    life.reset();
    std::ofstream{folder.path() + "/journal.jsonl", std::ios::trunc};
    clock.advance(1s);
    begin();
    meet();
  }
};

TEST_F(RunnerWithoutJournal, AFaultThatNothingTellsOfEndsAsLostAndTheScheduleGoesOn) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60})"));
  pass(1s);
  ASSERT_EQ(container("n1"), ContainerState::exited);
  world.marks.clear();
  lose_journal();
  pass(5s);
  EXPECT_EQ(state(id), State::stopping) << "a sweep may find it yet";
  pass(15s);
  const auto after = get(id);
  EXPECT_EQ(after.state, State::scheduled);
  ASSERT_THAT(after.runs, SizeIs(1));
  EXPECT_EQ(after.runs[0].state, State::aborted);
  ASSERT_THAT(after.runs[0].records, SizeIs(1));
  EXPECT_EQ(after.runs[0].records[0].state, FaultState::failed);
  EXPECT_THAT(after.runs[0].records[0].reason, HasSubstr("the journal had lost it"));
  EXPECT_TRUE(after.runs[0].records[0].ended_at);
}

TEST_F(RunnerWithoutJournal, AFaultThatItsMarkTellsOfIsWaitedForUntilItIsUndone) {
  const auto id = create(two_steps());
  pass(1s);
  lose_journal();
  life->healer.sweep();
  world.errors["start"] = {ErrorCode::unavailable, "the runtime is away"};
  pass(20s);
  EXPECT_EQ(state(id), State::stopping);
  EXPECT_EQ(get(id).runs[0].records[0].state, FaultState::revert_failed);
  world.errors.clear();
  pass(6s);
  const auto ended = get(id);
  EXPECT_EQ(ended.state, State::aborted);
  EXPECT_EQ(ended.runs[0].records[0].state, FaultState::reverted);
  EXPECT_EQ(ended.runs[0].records[0].experiment, (ExperimentMark{id, 1, 1}));
  EXPECT_EQ(ended.runs[0].records[0].node_id, NodeId{1});
  EXPECT_EQ(container("n1"), ContainerState::running);
}

TEST_F(RunnerWithoutJournal, HealGetsItOutOfStopping) {
  const auto id = create(two_steps());
  pass(1s);
  world.marks.clear();
  lose_journal();
  life->service.heal("now");
  pass(20s);
  EXPECT_EQ(state(id), State::aborted);
}

class RunnerAborts : public ExperimentTest {
 protected:
  ClusterSight bad() {
    ClusterSight seen = FakeSight::calm();
    seen.verdict = VerdictState::unavailable;
    seen.sentence = "14 ranges without quorum";
    seen.ranges_unavailable = 14;
    return seen;
  }
};

TEST_F(RunnerAborts, AVerdictThatIsMetUndoesTheStepAtOnce) {
  const auto id = create(two_steps(R"("abort":[{"verdict":"unavailable"}])"));
  pass(1s);
  EXPECT_EQ(container("n1"), ContainerState::exited);
  sight.answer = bad();
  pass(1s);
  EXPECT_EQ(state(id), State::aborted);
  EXPECT_EQ(get(id).reason,
            "abort condition 1 is met: the verdict is unavailable (14 ranges without quorum)");
  EXPECT_EQ(container("n1"), ContainerState::running);
  EXPECT_EQ(get(id).runs[0].records[0].reason, "its experiment ends: " + get(id).reason);
  pass(10s);
  EXPECT_EQ(container("n2"), ContainerState::running);
}

TEST_F(RunnerAborts, ItIsWatchedWhileItRestsToo) {
  const auto id =
      create(body(step_of(fault("kill", "n1", 2), 60), R"("abort":[{"ranges_unavailable":14}])"));
  pass(5s);
  sight.answer = bad();
  pass(1s);
  EXPECT_EQ(state(id), State::aborted);
}

TEST_F(RunnerAborts, AHoldIsWaitedFor) {
  const auto id = create(two_steps(R"("abort":[{"ranges_unavailable":1,"for_s":2}])"));
  pass(1s);
  sight.answer = bad();
  pass(1500ms);
  EXPECT_EQ(state(id), State::running);
  pass(1500ms);
  EXPECT_EQ(state(id), State::aborted);
}

TEST_F(RunnerAborts, AQueryThatGivesSomethingEndsIt) {
  const auto id = create(two_steps(R"("abort":[{"promql":"up == 0"}])"));
  pass(1s);
  EXPECT_EQ(state(id), State::running);
  EXPECT_EQ(queries.asked.front(), "up == 0");
  queries.answer = QueryAnswer{1};
  pass(1s);
  EXPECT_EQ(state(id), State::aborted);
  EXPECT_THAT(get(id).reason, HasSubstr("up == 0"));
}

TEST_F(RunnerAborts, AnExporterThatIsSilentTooLongEndsIt) {
  const auto id = create(two_steps(R"("abort":[{"verdict":"unreachable"}])"));
  pass(1s);
  sight.answer = Error{ErrorCode::timeout, "the exporter does not answer"};
  pass(3s);
  EXPECT_EQ(state(id), State::running) << "that may happen";
  pass(3s);
  EXPECT_EQ(state(id), State::aborted);
  EXPECT_EQ(get(id).reason, "abort condition 1 cannot be judged: the exporter does not answer");
  EXPECT_EQ(container("n1"), ContainerState::running);
}

TEST_F(RunnerAborts, NothingIsBegunWhileAConditionIsMet) {
  sight.answer = bad();
  const auto id = create(two_steps(R"("abort":[{"ranges_unavailable":1,"for_s":60}])"));
  pass(2s);
  EXPECT_EQ(state(id), State::refused);
  EXPECT_THAT(get(id).reason, HasSubstr("before anything was done"));
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(RunnerAborts, OneLookServesAllThatRun) {
  create(body(step_of(fault("kill", "n1", 60)), R"("abort":[{"verdict":"unavailable"}])"));
  create(body(step_of(fault("pause", "n2", 60)), R"("abort":[{"verdict":"unavailable"}])"));
  pass(100ms);
  EXPECT_EQ(sight.looks, 1);
}

class RunnerGuarded : public ExperimentTest {
 protected:
  std::string accepted(const std::string& text) {
    const auto first = ask(text);
    EXPECT_TRUE(first && !first->experiment);
    auto spec = read_experiment(text);
    spec->accept_plan = first->hash;
    const auto second = service->create(*spec, text);
    EXPECT_TRUE(second && second->experiment);
    return second && second->experiment ? second->experiment->id : "";
  }
};

TEST_F(RunnerGuarded, WhatCostsQuorumIsTakenOnlyOnceItsPlansAreAccepted) {
  impact.answer = FakeImpact::losing_quorum();
  const auto first = ask(two_steps());
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->experiment);
  ASSERT_THAT(first->plans, SizeIs(2));
  EXPECT_THAT(service->list(false), IsEmpty()) << "nothing is written down";
  const auto id = accepted(two_steps());
  pass(20s);
  EXPECT_EQ(state(id), State::done);
  const auto plan = life->service.plan_of(get(id).runs[0].records[0].id);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->accepted);
}

TEST_F(RunnerGuarded, AnotherPlanThanTheAcceptedOneIsRefusedAndNothingIsDone) {
  impact.answer = FakeImpact::losing_quorum();
  const auto id = accepted(two_steps(R"("schedule":{"every_s":60})"));
  pass(30s);
  EXPECT_EQ(get(id).runs[0].state, State::done);
  const auto calls = world.calls.size();
  Impact worse = FakeImpact::losing_quorum();
  worse.system_ranges = {"meta1"};
  impact.answer = worse;
  pass(60s);
  ASSERT_THAT(get(id).runs, SizeIs(2));
  EXPECT_EQ(get(id).runs[1].state, State::refused);
  EXPECT_THAT(get(id).runs[1].reason,
              HasSubstr("step 1: its plan is not the one that was accepted"));
  EXPECT_EQ(world.calls.size(), calls);
  EXPECT_EQ(state(id), State::scheduled) << "the next run is judged anew";
}

TEST_F(RunnerGuarded, WhatBecomesDangerousBetweenTheStepsIsNotBegun) {
  const auto id = create(two_steps());
  pass(3s);
  impact.answer = FakeImpact::losing_quorum();
  pass(10s);
  EXPECT_EQ(state(id), State::aborted) << "something had been done already";
  EXPECT_THAT(get(id).reason, HasSubstr("step 2: its plan is not one that was accepted"));
  EXPECT_EQ(container("n2"), ContainerState::running);
}

TEST_F(RunnerGuarded, WhatCannotBeDoneNowIsNotTaken) {
  world.at("n2").state = ContainerState::exited;
  life->watch.step();
  const auto refused = ask(two_steps());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(refused.error().field, "/steps/1");
  EXPECT_THAT(refused.error().message, HasSubstr("n2 is exited"));
}

}  // namespace
}  // namespace faultline::chaos
