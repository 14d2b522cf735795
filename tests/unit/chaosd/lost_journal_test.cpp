// What is healed when the journal is lost: everything that marks in the world tell of.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class LostJournal : public ChaosdTest {
 protected:
  /// A kill of chaosd, after which its journal has only what `text` says.
  void lose_journal(const std::string& text = "") {
    life.reset();
    std::ofstream{folder.path() + "/journal.jsonl", std::ios::trunc} << text;
    begin();
  }
  [[nodiscard]] std::string journal() const {
    std::ifstream file{folder.path() + "/journal.jsonl"};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  FaultId active(FaultKind kind, const std::string& target = "n2") {
    const auto id = life->inject(kind, target).id;
    life->work();
    EXPECT_TRUE(life->fault(id).active_at) << to_string(kind);
    return id;
  }
  void sweep() {
    life->healer.sweep();
    life->pass(15s);
  }
};

class LostJournalOf : public LostJournal, public ::testing::WithParamInterface<FaultKind> {};

TEST_P(LostJournalOf, IsHealedByWhatTheWorldTellsAlone) {
  const auto before = world.fingerprint();
  active(GetParam());
  lose_journal();
  ASSERT_EQ(life->ledger().open_count(), 0U) << "the journal is lost";
  sweep();
  EXPECT_EQ(world.fingerprint(), before);
  EXPECT_EQ(life->ledger().open_count(), 0U);
}

std::vector<FaultKind> kinds() {
  std::vector<FaultKind> all;
  for (const Fault* fault : fault_catalogue()) all.push_back(fault->kind());
  return all;
}

INSTANTIATE_TEST_SUITE_P(Kinds, LostJournalOf, ::testing::ValuesIn(kinds()));

struct Cell {
  FaultKind kind;
  std::string point;
  bool restarted;  ///< Its target, by another hand, while chaosd is dead.
};

/// Every marked fault × before and after every record of the journal and every mark, but for the
/// instant that no mark covers: between the effect of a kill or a pause and its mark.
class LostJournalMatrix : public LostJournal, public ::testing::WithParamInterface<Cell> {};

TEST_P(LostJournalMatrix, LeavesTheWorldAsItWas) {
  const auto& cell = GetParam();
  const auto before = world.fingerprint();
  ASSERT_TRUE(dies_at(cell.point, cell.kind)) << cell.point << " was never reached";
  if (cell.restarted) world.start("n2");
  const auto calls = world.calls.size();
  lose_journal();
  life->healer.sweep();
  life->pass(40s);  // A drain may still be under way for as long as its grace.
  EXPECT_EQ(world.fingerprint(), before);
  EXPECT_EQ(life->ledger().open_count(), 0U);
  if (cell.restarted && !fault_of(cell.kind).leaves_marks()) EXPECT_EQ(world.calls.size(), calls);
}

std::vector<Cell> cells() {
  std::vector<Cell> all;
  for (const Fault* fault : fault_catalogue()) {
    if (!fault->needs_mark()) continue;
    for (const char* point :
         {"before:queued", "after:queued", "before:injecting", "after:injecting", "after:mark",
          "before:active", "after:active", "before:reverting", "after:reverting", "before:unmark",
          "after:unmark", "before:reverted", "after:reverted"}) {
      for (const bool restarted : {false, true}) all.push_back({fault->kind(), point, restarted});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Cells, LostJournalMatrix, ::testing::ValuesIn(cells()));

TEST_F(LostJournal, AFaultFoundByItsMarkIsShownAsWhatItWas) {
  const auto id = active(FaultKind::pause);
  const auto was = life->fault(id);
  lose_journal();
  life->healer.sweep();
  const auto found = life->fault(id);
  EXPECT_EQ(found.state, FaultState::reverting);
  EXPECT_EQ(found.kind, FaultKind::pause);
  EXPECT_EQ(found.target, "n2");
  EXPECT_EQ(found.expires_at, was.expires_at);
  life->work();
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(life->fault(id).reason, StartsWith("found by its mark"));
}

TEST_F(LostJournal, WhatAnotherHandPausedOrStoppedIsLeftAsItIs) {
  world.at("n1").state = ContainerState::paused;
  world.at("n3").state = ContainerState::exited;
  active(FaultKind::kill);
  lose_journal();
  sweep();
  EXPECT_EQ(world.at("n1").state, ContainerState::paused);
  EXPECT_EQ(world.at("n3").state, ContainerState::exited);
  EXPECT_EQ(world.at("n2").state, ContainerState::running);
}

TEST_F(LostJournal, ATargetThatAnotherHandStartedAndStoppedAgainIsLeftAsItIs) {
  active(FaultKind::stop);
  world.start("n2");
  world.at("n2").state = ContainerState::exited;
  lose_journal();
  sweep();
  EXPECT_EQ(world.at("n2").state, ContainerState::exited);
  EXPECT_THAT(world.marks, IsEmpty()) << "and its mark is gone";
}

TEST_F(LostJournal, ADrainThatIsUnderWayIsWaitedForAndUndone) {
  world.ignored.insert("stop");  // SIGTERM is out; the node drains still.
  crash_at() = "after:mark";
  life->inject(FaultKind::stop, "n2", 60);
  EXPECT_THROW(life->work(), Crash);
  lose_journal();
  life->healer.sweep();
  life->pass(10s);
  ASSERT_EQ(world.at("n2").state, ContainerState::running);
  world.at("n2").state = ContainerState::exited;
  life->pass(1s);
  EXPECT_EQ(world.at("n2").state, ContainerState::running);
}

TEST_F(LostJournal, AJournalThatKeptNoMoreThanTheRequestIsRefutedByTheMark) {
  const auto id = life->inject(FaultKind::kill, "n2").id;
  const auto queued = journal();
  life->work();
  lose_journal(queued);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("nothing was done"));
  sweep();
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n2").state, ContainerState::running);
  EXPECT_THAT(world.marks, IsEmpty());
}

TEST_F(LostJournal, IsLookedForAgainWhenTheRuntimeCannotBeAsked) {
  active(FaultKind::pause);
  lose_journal();
  world.errors["find_marks"] = {ErrorCode::unavailable, "away"};
  sweep();
  EXPECT_EQ(world.at("n2").state, ContainerState::paused);
  world.errors.clear();
  world.errors["unpause"] = {ErrorCode::timeout, "no answer"};
  sweep();
  EXPECT_EQ(life->ledger().open_count(), 1U);
  world.errors.clear();
  life->pass(6s);
  EXPECT_EQ(world.at("n2").state, ContainerState::running);
  EXPECT_THAT(world.marks, IsEmpty());
}

TEST_F(LostJournal, ANewLimitIsNotLaidUponOneThatAMarkTellsOf) {
  const auto before = world.fingerprint();
  const auto lost = active(FaultKind::cpu_throttle);
  lose_journal();
  const auto next = life->inject(FaultKind::cpu_throttle, "n2").id;
  life->pass(1s);
  EXPECT_EQ(life->fault(next).state, FaultState::queued) << "else it would save our own limit";
  EXPECT_TRUE(life->ledger().take_sweep_request());
  life->healer.sweep();
  life->pass(1s);
  EXPECT_FALSE(is_open(life->fault(lost).state));
  EXPECT_EQ(life->fault(next).state, FaultState::active);
  ASSERT_TRUE(life->service.undo(next));
  life->pass(1s);
  EXPECT_EQ(world.fingerprint(), before);
}

TEST_F(LostJournal, WhereMarksCannotBeLookedForALimitIsNotBegun) {
  world.errors["find_marks"] = {ErrorCode::unavailable, "the volumes cannot be listed"};
  const auto limit = life->inject(FaultKind::memory_pressure, "n2").id;
  const auto killed = life->inject(FaultKind::kill, "n1").id;
  life->work();
  EXPECT_EQ(life->fault(limit).state, FaultState::failed);
  EXPECT_EQ(life->fault(limit).reason, "nothing was done: the volumes cannot be listed");
  EXPECT_EQ(life->fault(killed).state, FaultState::active) << "nothing is saved for it";
  EXPECT_THAT(world.calls, ElementsAre("kill id-n1"));
}

class Marks : public LostJournal {};

TEST_F(Marks, TellWhatTheJournalTells) {
  const auto id = active(FaultKind::kill);
  ASSERT_THAT(world.marks, SizeIs(1));
  const Mark& mark = world.marks.at(id.value);
  EXPECT_EQ(mark, mark_of(*life->ledger().record_of(id)));
  EXPECT_EQ(mark.touched, world.at("n2").instance);
  const auto read = read_mark(to_fields(mark));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, mark);
}

TEST_F(Marks, OneThatCannotBeReadSaysWhichField) {
  active(FaultKind::kill);
  for (const auto& [name, value] : to_fields(world.marks.begin()->second)) {
    auto fields = to_fields(world.marks.begin()->second);
    fields.erase(name);
    const auto read = read_mark(fields);
    ASSERT_FALSE(read) << name;
    EXPECT_THAT(read.error().message, StartsWith("its " + name + " "));
  }
}

TEST_F(Marks, WithoutOneAKilledNodeIsStartedAgainAndAStopIsNotBegun) {
  world.errors["put_mark"] = {ErrorCode::upstream, "no volume can be made"};
  const auto killed = life->inject(FaultKind::kill, "n1").id;
  const auto stopped = life->inject(FaultKind::stop, "n2").id;
  life->pass(1s);
  for (const auto& id : {killed, stopped}) {
    EXPECT_EQ(life->fault(id).state, FaultState::failed);
    EXPECT_THAT(life->fault(id).reason, HasSubstr("no volume can be made"));
  }
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
  EXPECT_THAT(world.calls, ElementsAre("kill id-n1", "start id-n1"));
}

TEST_F(Marks, OneThatCouldNotBeTakenIsTakenByTheSweepAndTouchesNothing) {
  const auto id = active(FaultKind::kill);
  world.errors["take_mark"] = {ErrorCode::timeout, "no answer"};
  ASSERT_TRUE(life->service.undo(id));
  life->work();
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(world.marks, SizeIs(1));
  world.errors.clear();
  world.at("n2").state = ContainerState::exited;  // By another hand.
  sweep();
  EXPECT_THAT(world.marks, IsEmpty());
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n2").state, ContainerState::exited);
}

TEST_F(Marks, AreThereAgainWhenChaosdReturnsToAFaultWithoutOne) {
  for (const auto kind : {FaultKind::pause, FaultKind::cpu_throttle}) {
    const auto id = active(kind);
    world.marks.clear();  // An earlier chaosd put none, or another hand has tidied up.
    begin();
    life->pass(1s);
    EXPECT_EQ(life->fault(id).state, FaultState::active);
    ASSERT_THAT(world.marks, SizeIs(1)) << to_string(kind);
    EXPECT_EQ(world.marks.at(id.value), mark_of(*life->ledger().record_of(id)));
    ASSERT_TRUE(life->service.undo(id));
    life->pass(1s);
  }
}

TEST_F(Marks, OfALimitAreTriedAgainAfterTheReturn) {
  const auto id = active(FaultKind::cpu_throttle);
  world.marks.clear();
  world.errors["put_mark"] = {ErrorCode::unavailable, "away"};
  begin();
  life->pass(1s);
  EXPECT_THAT(world.marks, IsEmpty());
  world.errors.clear();
  life->pass(6s);
  EXPECT_THAT(world.marks, SizeIs(1));
  EXPECT_EQ(life->fault(id).state, FaultState::active);
}

TEST_F(Marks, HealAsksForASweepOnce) {
  EXPECT_FALSE(life->ledger().take_sweep_request());
  life->service.heal("now");
  EXPECT_TRUE(life->ledger().take_sweep_request());
  EXPECT_FALSE(life->ledger().take_sweep_request());
}

TEST_F(Marks, AreNotPutForWhatAHelperHolds) {
  active(FaultKind::net_partition);
  EXPECT_THAT(world.marks, IsEmpty());
}

}  // namespace
}  // namespace faultline::chaos
