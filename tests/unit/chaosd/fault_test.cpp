#include "chaosd/faults/fault.hpp"

#include <gtest/gtest.h>

#include "tests/unit/chaosd/fake_world.hpp"

namespace faultline::chaos {
namespace {

using Action = UndoPlan::Action;

TargetInfo target_in(ContainerState state, const std::string& instance = "run-1") {
  return {"n1", "id-n1", instance, state, {}, {}};
}

struct UndoRow {
  FaultKind kind;
  ContainerState found;
  std::string touched;
  Action expected;
};

class UndoPlans : public ::testing::TestWithParam<UndoRow> {};

TEST_P(UndoPlans, TouchOnlyWhatWeDid) {
  const auto& row = GetParam();
  EXPECT_EQ(fault_of(row.kind).plan_undo(target_in(row.found), row.touched).action, row.expected)
      << to_string(row.kind) << " found " << to_string(row.found) << " touched " << row.touched;
}

std::vector<UndoRow> undo_rows() {
  using State = ContainerState;
  std::vector<UndoRow> rows;
  for (const FaultKind kind : {FaultKind::stop, FaultKind::kill, FaultKind::restart}) {
    rows.push_back({kind, State::exited, "run-1", Action::act});
    rows.push_back({kind, State::exited, "", Action::act});
    rows.push_back({kind, State::created, "run-1", Action::act});
    rows.push_back({kind, State::exited, "run-0", Action::nothing});
    rows.push_back({kind, State::running, "run-1", Action::nothing});
    rows.push_back({kind, State::paused, "run-1", Action::nothing});
    rows.push_back({kind, State::restarting, "run-1", Action::nothing});
    rows.push_back({kind, State::removed, "run-1", Action::nothing});
    rows.push_back({kind, State::unknown, "run-1", Action::wait});
  }
  rows.push_back({FaultKind::pause, State::paused, "run-1", Action::act});
  rows.push_back({FaultKind::pause, State::paused, "", Action::act});
  rows.push_back({FaultKind::pause, State::paused, "run-0", Action::nothing});
  // The Engine answers 500 to an unpause of what runs, and any signal may have thawed it.
  rows.push_back({FaultKind::pause, State::running, "run-1", Action::nothing});
  // A kill of a paused container unpauses it: what is down now, another hand took down.
  rows.push_back({FaultKind::pause, State::exited, "run-1", Action::nothing});
  rows.push_back({FaultKind::pause, State::created, "run-1", Action::nothing});
  rows.push_back({FaultKind::pause, State::restarting, "run-1", Action::nothing});
  rows.push_back({FaultKind::pause, State::removed, "run-1", Action::nothing});
  rows.push_back({FaultKind::pause, State::unknown, "run-1", Action::wait});
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Table, UndoPlans, ::testing::ValuesIn(undo_rows()));

TEST(FaultCatalogue, HoldsEveryKindOnce) {
  ASSERT_EQ(fault_catalogue().size(), 14U);
  for (int kind = 0; kind < 12; ++kind) {
    EXPECT_EQ(fault_of(static_cast<FaultKind>(kind)).kind(), static_cast<FaultKind>(kind));
  }
}

TEST(FaultCatalogue, OnlyAStopTakesAGraceAndOnlyARestartEndsAtOnce) {
  for (const Fault* fault : fault_catalogue()) {
    EXPECT_EQ(fault->takes_grace(), fault->kind() == FaultKind::stop);
    EXPECT_EQ(fault->ends_at_once(), fault->kind() == FaultKind::restart);
  }
}

TEST(FaultProof, ARestartingTargetIsNotDown) {
  EXPECT_FALSE(fault_of(FaultKind::kill).in_effect(target_in(ContainerState::restarting)));
  EXPECT_TRUE(fault_of(FaultKind::kill).in_effect(target_in(ContainerState::exited)));
}

TEST(FaultProof, OnlyAPausedTargetIsPaused) {
  EXPECT_TRUE(fault_of(FaultKind::pause).in_effect(target_in(ContainerState::paused)));
  EXPECT_FALSE(fault_of(FaultKind::pause).in_effect(target_in(ContainerState::exited)));
}

TEST(FaultApply, CallsTheOneVerbOfItsKind) {
  const std::map<FaultKind, std::string> verbs{{FaultKind::stop, "stop"},
                                               {FaultKind::kill, "kill"},
                                               {FaultKind::pause, "pause"},
                                               {FaultKind::restart, "stop"}};
  for (const auto& [kind, verb] : verbs) {
    FakeWorld world;
    world.add("n1");
    FakeRuntime runtime{world};
    ASSERT_TRUE(fault_of(kind).apply(runtime, {"id-n1", {}}, {}));
    EXPECT_EQ(world.calls, std::vector<std::string>{verb + " id-n1"});
  }
}

}  // namespace
}  // namespace faultline::chaos
