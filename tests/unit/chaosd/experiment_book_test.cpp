#include "chaosd/service/experiment_book.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "chaosd/service/experiment_recovery.hpp"
#include "tests/unit/chaosd/experiment_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using State = ExperimentState;

/// What is on disk, and what the next run of chaosd makes of it.
class Book : public ExperimentTest {
 protected:
  [[nodiscard]] std::string path() const { return folder.path() + "/experiments.jsonl"; }
  [[nodiscard]] std::string text() const {
    std::ostringstream all;
    all << std::ifstream{path()}.rdbuf();
    return all.str();
  }
  void write(const std::string& what) const { std::ofstream{path()} << what; }
  [[nodiscard]] ExperimentFile read() const {
    return read_experiment_file(text(), read_experiment);
  }
};

TEST_F(Book, AnExperimentIsOnDiskBeforeItIsAnswered) {
  const auto id = create(two_steps(R"("hypothesis":"all is well")"));
  const auto file = read();
  EXPECT_EQ(file.corrupt_lines, 0);
  ASSERT_THAT(file.experiments, SizeIs(1));
  EXPECT_EQ(file.experiments[0].id, id);
  EXPECT_EQ(file.experiments[0].spec.steps.size(), 2U);
  EXPECT_EQ(file.experiments[0].state, State::scheduled);
}

TEST_F(Book, NothingIsTakenThatCannotBeWritten) {
  std::filesystem::create_directory(path() + ".new");
  const auto refused = ask(two_steps());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  pass(2s);
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(Book, WhatIsOnDiskIsWhatItIs) {
  const auto id = create(two_steps());
  pass(20s);
  const auto file = read();
  ASSERT_THAT(file.experiments, SizeIs(1));
  const auto& kept = file.experiments[0];
  const auto told = get(id);
  EXPECT_EQ(kept.state, State::done);
  EXPECT_EQ(kept.runs_total, 1);
  EXPECT_EQ(kept.ended_at, told.ended_at);
  ASSERT_THAT(kept.runs, SizeIs(1));
  ASSERT_THAT(kept.runs[0].records, SizeIs(2));
  EXPECT_EQ(kept.runs[0].records[1].id, told.runs[0].records[1].id);
  EXPECT_EQ(kept.runs[0].records[1].state, FaultState::reverted);
  EXPECT_EQ(read_experiment_file(lines_of(kept), read_experiment).experiments[0].runs.size(), 1U);
}

TEST_F(Book, ARestartEndsTheRunAndKeepsItsRecords) {
  const auto id = create(two_steps());
  pass(1s);
  ASSERT_EQ(container("n1"), ContainerState::exited);
  restart();
  pass(1s);
  const auto aborted = get(id);
  EXPECT_EQ(aborted.state, State::aborted);
  EXPECT_EQ(aborted.reason, "chaosd was restarted");
  ASSERT_THAT(aborted.runs[0].records, SizeIs(1));
  EXPECT_EQ(aborted.runs[0].records[0].state, FaultState::reverted);
  EXPECT_EQ(container("n1"), ContainerState::running) << "nobody watches it any more";
  pass(20s);
  EXPECT_EQ(container("n2"), ContainerState::running) << "there is no second step";
  EXPECT_THAT(get(id).runs, SizeIs(1)) << "and it does not begin again";
}

TEST_F(Book, ARestartBeforeItsBeginIsItsEnd) {
  const auto id = create(two_steps());
  restart(100ms);
  pass(5s);
  EXPECT_EQ(state(id), State::aborted);
  EXPECT_THAT(get(id).reason, HasSubstr("nothing was done"));
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(Book, AScheduleGoesOnAfterARestart) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60,"times":5})"));
  pass(1s);
  restart(4s);
  pass(1s);
  EXPECT_EQ(get(id).runs[0].state, State::aborted);
  EXPECT_EQ(get(id).runs[0].reason, "chaosd was restarted");
  EXPECT_EQ(state(id), State::scheduled);
  EXPECT_EQ(get(id).missed, 0);
  pass(60s);
  EXPECT_EQ(get(id).runs[1].number, 2);
  EXPECT_EQ(get(id).runs[1].started_at, get(id).created_at + 60s);
}

TEST_F(Book, WhatWasDueMeanwhileIsNotMadeUpFor) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60})"));
  pass(20s);
  ASSERT_EQ(get(id).runs[0].state, State::done);
  restart(3min);
  EXPECT_EQ(state(id), State::scheduled);
  EXPECT_EQ(get(id).missed, 3);
  EXPECT_EQ(get(id).reason, "3 due times have passed unused; nobody makes up for that");
  EXPECT_EQ(*get(id).next_run_at, get(id).created_at + 4min);
  pass(30s);
  EXPECT_THAT(get(id).runs, SizeIs(1));
  pass(15s);
  EXPECT_THAT(get(id).runs, SizeIs(2));
}

TEST_F(Book, WhatWasStoppedStaysStopped) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60})"));
  pass(1s);
  ASSERT_TRUE(service->stop(id, "stopped on request"));
  restart();
  pass(2min);
  EXPECT_EQ(state(id), State::stopped);
  EXPECT_FALSE(get(id).wanted);
  EXPECT_EQ(get(id).stop_reason, "stopped on request");
  EXPECT_THAT(get(id).runs, SizeIs(1));
}

TEST_F(Book, ATornTailIsForgotten) {
  const auto id = create(two_steps());
  pass(20s);
  const std::string whole = text();
  for (std::size_t cut = 1; cut < 400; cut += 31) {
    const auto file = read_experiment_file(whole.substr(0, whole.size() - cut), read_experiment);
    EXPECT_EQ(file.corrupt_lines, 0);
    ASSERT_THAT(file.experiments, SizeIs(1));
    EXPECT_EQ(file.experiments[0].id, id);
  }
}

TEST_F(Book, LostLinesStopWhatIsOpen) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60})"));
  pass(20s);
  std::string damaged = text();
  damaged[damaged.rfind("\n", damaged.size() - 2) + 20] ^= 1;
  write(damaged);
  restart();
  pass(1s);
  EXPECT_EQ(state(id), State::stopped);
  EXPECT_THAT(get(id).reason, HasSubstr("lost"));
  EXPECT_EQ(get(id).runs[0].state, State::aborted) << "that it was done is what was lost";
  EXPECT_TRUE(std::filesystem::exists(path() + ".corrupt"));
}

TEST_F(Book, AFileThatCannotBeReadIsSetAside) {
  runner.reset();
  service.reset();
  guard.reset();
  std::filesystem::create_directory(path());
  begin();
  meet();
  EXPECT_THAT(service->list(false), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(path() + ".unreadable"));
  create(two_steps());
}

TEST_F(Book, AFileThatCannotBeRewrittenIsGoneOnWithAsItIs) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60})"));
  pass(20s);
  std::filesystem::create_directory(path() + ".new");  // So that no new file can be made.
  restart();
  EXPECT_EQ(get(id).id, id);
  const auto other = create(two_steps());
  std::filesystem::remove(path() + ".new");
  restart();
  EXPECT_EQ(get(id).id, id) << "what was appended did not take the place of what was there";
  EXPECT_EQ(get(other).id, other);
}

TEST_F(Book, AnOrderThatThisChaosdCannotReadIsOver) {
  const auto id = create(two_steps(R"("schedule":{"every_s":60})"));
  const auto refuses = [](std::string_view) -> Result<ExperimentSpec> {
    return Error{ErrorCode::invalid, "kind is \"quake\""};
  };
  auto file = read_experiment_file(text(), refuses);
  ASSERT_THAT(file.experiments, SizeIs(1));
  recover(file.experiments[0], false, clock.now().wall);
  EXPECT_EQ(file.experiments[0].id, id);
  EXPECT_EQ(file.experiments[0].spec.name, "lose one");
  EXPECT_EQ(file.experiments[0].state, State::aborted);
  EXPECT_THAT(file.experiments[0].reason, HasSubstr("quake"));
  EXPECT_EQ(file.experiments[0].next_run_at, std::nullopt);
}

TEST_F(Book, TooManyAreRefused) {
  const std::string later = two_steps(R"("schedule":{"every_s":60,"not_before_ms":1900000000000})");
  for (std::size_t i = 0; i < ExperimentBook::kOpenMax; ++i) create(later);
  const auto refused = ask(later);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
}

TEST_F(Book, ThoseThatAreOverAreForgottenAtLast) {
  for (std::size_t i = 0; i < ExperimentBook::kEndedKept + 5; ++i) {
    ASSERT_TRUE(service->stop(create(two_steps()), "not wanted"));
  }
  EXPECT_LE(service->list(false).size(), ExperimentBook::kEndedKept + 1);
  restart();
  EXPECT_THAT(service->list(false), SizeIs(ExperimentBook::kEndedKept));
}

TEST_F(Book, WhatHappensIsInTheFeed) {
  const auto id = create(two_steps());
  pass(20s);
  std::vector<std::string> states;
  ASSERT_TRUE(life->feed.poll({}, clock.now().steady, [&](const FeedBatch& batch) {
    for (const auto& event : batch.events) {
      if (event.experiment_id != id) continue;
      states.push_back((event.fault_id ? "fault " : "") + event.state);
    }
  }));
  EXPECT_EQ(states.front(), "scheduled");
  EXPECT_EQ(states.back(), "done");
  EXPECT_EQ(std::count(states.begin(), states.end(), "fault active"), 2);
  EXPECT_EQ(std::count(states.begin(), states.end(), "running"), 2) << "once for each step";
}

/// chaosd dies before and after each line of experiments.jsonl.
class BookCrash : public Book, public ::testing::WithParamInterface<std::string> {};

TEST_P(BookCrash, LeavesTheWorldAsItWasAndTellsWhatHappened) {
  const auto before = world.fingerprint();
  crash_at() = GetParam();
  bool crashed = false;
  try {
    create(two_steps(R"("schedule":{"every_s":60,"times":2})"));
    pass(2s);
    pass(118s);
  } catch (const Crash&) {
    crashed = true;
  }
  ASSERT_TRUE(crashed) << GetParam() << " was never reached";
  restart();
  pass(3s);
  EXPECT_EQ(world.fingerprint(), before);
  EXPECT_EQ(life->ledger().open_count(), 0U);
  const auto all = service->list(false);
  if (all.empty()) {
    EXPECT_EQ(GetParam(), "before:experiment:scheduled");
    return;
  }
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_TRUE(all[0].current() == nullptr);
  pass(3min);
  const auto end = get(all[0].id);
  EXPECT_EQ(end.state, State::done) << "the schedule went on";
  EXPECT_EQ(end.runs_total, static_cast<std::int64_t>(end.runs.size()));
  EXPECT_EQ(world.fingerprint(), before);
  EXPECT_EQ(life->ledger().open_count(), 0U);
}

std::vector<std::string> points() {
  std::vector<std::string> all;
  for (const char* side : {"before:", "after:"}) {
    for (const char* point : {"scheduled", "run-1-running-1", "run-1-running-2", "run-1-done-2",
                              "run-2-running-1", "run-2-running-2", "run-2-done-2"}) {
      all.push_back(std::string{side} + "experiment:" + point);
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Points, BookCrash, ::testing::ValuesIn(points()));

/// The same for a run that is being stopped, which the next chaosd must not go on with.
class BookStopCrash : public Book, public ::testing::WithParamInterface<std::string> {};

TEST_P(BookStopCrash, IsStoppedOrAbortedButNeverGoesOn) {
  const auto before = world.fingerprint();
  const auto id = create(two_steps());
  pass(1s);
  crash_at() = GetParam();
  bool crashed = false;
  try {
    (void)service->stop(id, "stopped on request");
    pass(5s);
  } catch (const Crash&) {
    crashed = true;
  }
  ASSERT_TRUE(crashed) << GetParam() << " was never reached";
  restart();
  pass(20s);
  EXPECT_EQ(world.fingerprint(), before);
  const auto end = get(id);
  EXPECT_EQ(end.state, GetParam() == "before:experiment:off" ? State::aborted : State::stopped);
  EXPECT_THAT(end.runs, SizeIs(1));
  EXPECT_THAT(end.runs[0].records, SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(Points, BookStopCrash,
                         ::testing::Values("before:experiment:off", "after:experiment:off",
                                           "before:experiment:run-1-stopping-1",
                                           "after:experiment:run-1-stopping-1",
                                           "before:experiment:run-1-stopped-1",
                                           "after:experiment:run-1-stopped-1"));

}  // namespace
}  // namespace faultline::chaos
