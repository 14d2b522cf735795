#include "chaosd/service/experiment_runner.hpp"

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

class RunnerSchedules : public ExperimentTest {};

TEST_F(RunnerSchedules, RunsAreRepeatedUntilTheyAreDone) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60,"times":2})"));
  pass(30s);
  EXPECT_EQ(state(id), State::scheduled);
  EXPECT_EQ(get(id).next_run_at, get(id).created_at + 60s);
  pass(40s);
  EXPECT_EQ(state(id), State::running);
  pass(20s);
  EXPECT_EQ(state(id), State::done);
  EXPECT_EQ(get(id).reason, "its schedule is over");
  ASSERT_THAT(get(id).runs, SizeIs(2));
  EXPECT_EQ(get(id).runs[1].started_at, get(id).created_at + 60s);
  EXPECT_EQ(get(id).runs[1].records[0].experiment->run, 2);
}

TEST_F(RunnerSchedules, ARunThatIsAbortedDoesNotEndTheSchedule) {
  const auto id =
      create(two_steps(R"("schedule":{"every_s":60},"abort":[{"verdict":"unavailable"}])"));
  pass(1s);
  sight.answer.value().verdict = VerdictState::unavailable;
  pass(2s);
  EXPECT_EQ(get(id).runs[0].state, State::aborted);
  EXPECT_EQ(state(id), State::scheduled);
  pass(60s);
  EXPECT_EQ(get(id).runs[1].state, State::refused) << "while it is so, nothing is begun";
  sight.answer = FakeSight::calm();
  pass(60s);
  EXPECT_EQ(get(id).runs[2].state, State::running);
}

TEST_F(RunnerSchedules, RunsAreCountedByHowTheyEndedAndTheNextOneIsTold) {
  EXPECT_FALSE(life->book.stats().next_run_at);
  const auto id =
      create(two_steps(R"("schedule":{"every_s":60},"abort":[{"verdict":"unavailable"}])"));
  pass(1s);
  EXPECT_EQ(life->book.stats().by_state.at(State::running), 1);
  EXPECT_EQ(life->book.stats().next_run_at, get(id).created_at + 60s);
  pass(29s);
  EXPECT_EQ(life->book.stats().runs.at(State::done), 1);
  pass(31s);
  sight.answer.value().verdict = VerdictState::unavailable;
  pass(59s);
  auto stats = life->book.stats();
  EXPECT_EQ(stats.runs.at(State::aborted), 1);
  EXPECT_EQ(stats.by_state.at(State::scheduled), 1);
  pass(2s);
  EXPECT_EQ(life->book.stats().runs.at(State::refused), 1);
  clock.step_wall(10min);
  pass(1s);
  EXPECT_EQ(life->book.stats().missed, get(id).missed);
  EXPECT_GT(life->book.stats().missed, 0);
  ASSERT_TRUE(service->stop(id, "enough"));
  stats = life->book.stats();
  EXPECT_FALSE(stats.next_run_at);
  EXPECT_EQ(stats.by_state.at(State::stopped), 1);
  EXPECT_EQ(stats.runs.at(State::stopped), 0) << "no run was under way";
  EXPECT_EQ(stats.failures, 0);
}

TEST_F(RunnerSchedules, AStepOfTheWallClockIsNoReasonToMakeUpForAnything) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60})"));
  pass(30s);
  clock.step_wall(10min);
  pass(1s);
  EXPECT_EQ(state(id), State::scheduled);
  EXPECT_EQ(get(id).missed, 10);
  EXPECT_THAT(get(id).reason, HasSubstr("nobody makes up for"));
  EXPECT_GT(*get(id).next_run_at, clock.now().wall);
}

TEST_F(RunnerSchedules, OnlyTheLastRunsAreRemembered) {
  const auto id = create(body(step_of(fault("restart", "n1", 1)), R"("schedule":{"every_s":60})"));
  pass(25min);
  EXPECT_THAT(get(id).runs, SizeIs(kRunsKept));
  EXPECT_GE(get(id).runs_total, 25);
  EXPECT_EQ(get(id).runs.back().number, get(id).runs_total);
}

TEST_F(RunnerSchedules, ItMustLeaveRoomForARun) {
  const auto refused =
      ask(body(step_of(fault("kill", "n1", 50), 20), R"("schedule":{"every_s":60})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "/schedule/every_s");
  const auto narrow =
      ask(body(step_of(fault("kill", "n1", 90)),
               R"("schedule":{"every_s":3600,"window":{"from":"09:00","to":"09:01"}})"));
  ASSERT_FALSE(narrow);
  EXPECT_EQ(narrow.error().field, "/schedule");
}

TEST_F(RunnerSchedules, ARunOfADayIsTheLongest) {
  ChaosService patient{"run9", {24h, 5min}, life->ledger(), life->board, clock};
  Guard lenient{GuardMode::off, patient, life->board, life->ledger(), nullptr, clock};
  ExperimentService days{life->book, patient, lenient, life->ledger(), {}};
  const std::string day = body(step_of(fault("kill", "n1", 86'400)));
  EXPECT_TRUE(days.create(*read_experiment(day), day));
  const std::string more = body(step_of(fault("kill", "n1", 86'400), 1));
  const auto refused = days.create(*read_experiment(more), more);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "/steps");
}

class RunnerWitnesses : public ExperimentTest {};

TEST_F(RunnerWitnesses, AConditionNeedsSomebodyWhoCanTell) {
  ExperimentService alone{life->book, life->service, *guard, life->ledger(), {}};
  const auto refusal = [&](const std::string& condition) {
    const std::string text = two_steps(R"("abort":[)" + condition + "]");
    return alone.create(*read_experiment(text), text).error();
  };
  EXPECT_EQ(refusal(R"({"promql":"up"})").field, "/abort/0/promql");
  EXPECT_THAT(refusal(R"({"promql":"up"})").message, HasSubstr("--prometheus.address"));
  EXPECT_EQ(refusal(R"({"verdict":"degraded"})").field, "/abort/0/verdict");
  EXPECT_THAT(refusal(R"({"ranges_unavailable":1})").message, HasSubstr("--exporter.address"));
}

TEST_F(RunnerWitnesses, AQueryThatIsNoneIsRefused) {
  queries.answer = Error{ErrorCode::invalid, "Prometheus says: parse error"};
  const auto refused = ask(two_steps(R"("abort":[{"verdict":"degraded"},{"promql":"sum("}])"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "/abort/1/promql");
  EXPECT_THAT(refused.error().message, HasSubstr("parse error"));
}

TEST_F(RunnerWitnesses, APrometheusThatIsAwayRefusesTheRunAndNotTheOrder) {
  queries.answer = Error{ErrorCode::timeout, "Prometheus does not answer"};
  const auto id = create(two_steps(R"("abort":[{"promql":"up == 0"}])"));
  pass(1s);
  EXPECT_EQ(state(id), State::refused);
  EXPECT_THAT(get(id).reason, HasSubstr("Prometheus does not answer"));
}

}  // namespace
}  // namespace faultline::chaos
