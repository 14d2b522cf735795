#include <gmock/gmock.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// No fault needs more calls of the runtime from its beginning to its end.
constexpr int kCallsMost = 13;

enum class Meanwhile { nothing, restarted, removed };

struct Cell {
  FaultKind kind;
  int crash_at;       ///< The runtime call in which chaosd dies, counted from 0.
  bool after_effect;  ///< Dies after the call did its work, before it returns.
  Meanwhile meanwhile;
  bool back_in_time;  ///< Whether chaosd is back before the deadline.
};

/// Every fault × every call of the runtime (and with that every step of the journal,
/// as each record stands between two calls) × what happens to the target while chaosd
/// is dead × back before or after the deadline.
class CrashMatrix : public ChaosdTest, public ::testing::WithParamInterface<Cell> {};

TEST_P(CrashMatrix, LeavesTheWorldAsItWas) {
  const auto& cell = GetParam();
  const auto before = world.fingerprint();
  world.calls_until_crash = cell.crash_at;
  world.crash_after_effect = cell.after_effect;
  life->inject(cell.kind, "n2", 10);
  bool crashed = false;
  try {
    life->pass(12s);
  } catch (const Crash&) {
    crashed = true;
  }
  world.calls_until_crash = -1;
  if (crashed && cell.meanwhile == Meanwhile::restarted) world.start("n2");
  if (crashed && cell.meanwhile == Meanwhile::removed) world.targets.erase("id-n2");
  clock.advance(cell.back_in_time ? 1s : 30s);
  const auto calls_before = world.calls.size();
  begin();
  life->pass(15s);

  auto expected = before;
  if (crashed && cell.meanwhile == Meanwhile::removed) expected.erase("id-n2");
  EXPECT_EQ(world.fingerprint(), expected);
  EXPECT_EQ(life->ledger().open_count(), 0U);
  // What leaves marks is taken away whatever became of the target.
  if (crashed && cell.meanwhile != Meanwhile::nothing && !fault_of(cell.kind).leaves_marks()) {
    EXPECT_EQ(world.calls.size(), calls_before) << "nothing of ours was left to undo";
  }
  for (const auto& call : world.calls) EXPECT_THAT(call, HasSubstr("id-n2"));
}

std::vector<Cell> cells() {
  std::vector<Cell> all;
  for (const Fault* fault : fault_catalogue()) {
    for (int at = 0; at < kCallsMost; ++at) {
      for (const bool after : {false, true}) {
        for (const auto meanwhile :
             {Meanwhile::nothing, Meanwhile::restarted, Meanwhile::removed}) {
          for (const bool in_time : {true, false})
            all.push_back({fault->kind(), at, after, meanwhile, in_time});
        }
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Cells, CrashMatrix, ::testing::ValuesIn(cells()));

struct StepCell {
  FaultKind kind;
  /// "before:active": around the journal's record of that state; "before:mark": around its mark.
  std::string point;
  Meanwhile meanwhile;
  bool back_in_time;
};

/// Every fault × before and after every record of the journal and its mark × what happens to the
/// target meanwhile × back before or after the deadline.
class JournalMatrix : public ChaosdTest, public ::testing::WithParamInterface<StepCell> {};

TEST_P(JournalMatrix, LeavesTheWorldAsItWas) {
  const auto& cell = GetParam();
  const auto before = world.fingerprint();
  ASSERT_TRUE(dies_at(cell.point, cell.kind)) << cell.point << " was never reached";
  auto expected = before;
  if (cell.meanwhile == Meanwhile::restarted) world.start("n2");
  if (cell.meanwhile == Meanwhile::removed) {
    world.targets.erase("id-n2");
    expected.erase("id-n2");
  }
  clock.advance(cell.back_in_time ? 1s : 30s);
  begin();
  life->pass(15s);
  EXPECT_EQ(world.fingerprint(), expected);
  EXPECT_EQ(life->ledger().open_count(), 0U);
}

/// Only some are marked.
bool is_reached(const Fault& fault, const std::string& state) {
  return fault.needs_mark() || (state != "mark" && state != "unmark");
}

std::vector<StepCell> step_cells() {
  std::vector<StepCell> all;
  for (const Fault* fault : fault_catalogue()) {
    for (const std::string state :
         {"queued", "injecting", "mark", "active", "reverting", "unmark", "reverted"}) {
      for (const char* side : {"before:", "after:"}) {
        if (!is_reached(*fault, state)) continue;
        for (const auto meanwhile :
             {Meanwhile::nothing, Meanwhile::restarted, Meanwhile::removed}) {
          for (const bool in_time : {true, false}) {
            all.push_back({fault->kind(), std::string{side} + state, meanwhile, in_time});
          }
        }
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Cells, JournalMatrix, ::testing::ValuesIn(step_cells()));

class Return : public ChaosdTest {};

TEST_F(Return, AnActiveFaultIsKeptUntilItsDeadline) {
  const auto id = life->inject(FaultKind::kill, "n1", 20).id;
  life->work();
  clock.advance(5s);
  begin();
  life->pass(10s);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  life->pass(6s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(Return, ADeadlineThatPassedMeanwhileIsActedOnAtOnce) {
  const auto id = life->inject(FaultKind::pause, "n1", 20).id;
  life->work();
  clock.advance(1h);
  begin();
  life->work();
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(Return, AfterARebootTheWallClockJudges) {
  life->inject(FaultKind::kill, "n1", 60);
  life->work();
  clock.reboot(30s);
  begin();
  life->work();
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  life->pass(31s);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(Return, AFaultThatWasNotBegunIsNotBegunByTheNextRun) {
  const auto id = life->inject(FaultKind::kill, "n1").id;
  begin();
  life->pass(5s);
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("nothing was done"));
  EXPECT_TRUE(world.calls.empty());
}

TEST_F(Return, ADrainThatOutlivesChaosdIsUndoneWhenItEnds) {
  world.calls_until_crash = 1;  // In the stop, after SIGTERM went out.
  const auto id = life->inject(FaultKind::stop, "n1", 60).id;
  EXPECT_THROW(life->work(), Crash);
  world.calls_until_crash = -1;
  begin();
  life->pass(3s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverting);
  world.at("n1").state = ContainerState::exited;
  life->pass(1s);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
}

/// What chaosd wrote down before it died in the call is the run that it found, no more.
TEST_F(Return, AnotherRunThatWentDownByAnotherHandMeanwhileIsLeftAsItIs) {
  for (const auto kind : {FaultKind::kill, FaultKind::pause}) {
    const auto id = life->inject(kind, "n1", 60).id;
    world.calls_until_crash = 1;
    world.crash_after_effect = true;
    EXPECT_THROW(life->work(), Crash);
    world.calls_until_crash = -1;
    const auto left = world.at("n1").state;
    world.start("n1");
    world.at("n1").state = left;
    begin();
    life->pass(15s);
    EXPECT_EQ(world.at("n1").state, left) << to_string(kind);
    EXPECT_EQ(life->fault(id).state, FaultState::failed);
    EXPECT_THAT(life->fault(id).reason, HasSubstr("by another hand; left as it is"));
    world.start("n1");
    life->watch.step();
  }
}

TEST_F(Return, AnUndoThatWasAskedForIsNotForgotten) {
  const auto id = life->inject(FaultKind::kill, "n1", 600).id;
  life->work();
  ASSERT_TRUE(life->service.undo(id));
  begin();
  life->work();
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(Return, EndedFaultsStayAsHistoryAndIdsAreNotUsedTwice) {
  const auto first = life->inject(FaultKind::restart, "n1").id;
  life->work();
  begin();
  EXPECT_EQ(life->fault(first).state, FaultState::reverted);
  EXPECT_NE(life->inject(FaultKind::restart, "n1").id, first);
}

TEST_F(Return, TwoChaosdsOnOneStateDirectoryAreRefused) {
  const auto second = Journal::open(folder.path(), 10);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace faultline::chaos
