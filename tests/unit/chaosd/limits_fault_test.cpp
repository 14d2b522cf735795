#include <gmock/gmock.h>

#include <sstream>

#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Faults that lower a limit of n1.
class LimitsLife : public ChaosdTest {
 protected:
  FaultView inject(FaultKind kind, std::int64_t duration_s = 60) {
    const auto view = life->inject(request_for(kind, "n1", duration_s));
    life->work();
    return life->fault(view.id);
  }
};

TEST_F(LimitsLife, LimitsGoBackToWhatTheyWereThroughARestart) {
  world.limits["id-n1"] = {100'000, 150'000, 0, 0, 0};
  const auto before = world.fingerprint();
  const auto id = inject(FaultKind::cpu_throttle, 10).id;
  EXPECT_EQ(world.limits["id-n1"].cpu_quota_us, 30'000);
  world.start("n1");
  life->pass(5s);
  EXPECT_EQ(life->fault(id).state, FaultState::active) << "limits outlive a restart";
  life->pass(6s);
  EXPECT_EQ(world.fingerprint(), before);
}

TEST_F(LimitsLife, ALimitThatIsSetOnlyAfterTheEnginesSilenceIsPutBack) {
  const auto before = world.fingerprint();
  world.errors["set_cpu"] = {ErrorCode::timeout, "no answer"};
  const auto id = inject(FaultKind::cpu_throttle).id;
  world.errors["read"] = {ErrorCode::timeout, "no answer"};
  life->pass(30s);
  EXPECT_EQ(life->fault(id).state, FaultState::revert_failed);
  world.errors.clear();
  ASSERT_TRUE(life->service.undo(id));
  life->work();
  EXPECT_TRUE(is_open(life->fault(id).state)) << "one answer is not enough";
  std::istringstream saved{life->ledger().record_of(id)->saved};
  std::string was, ours;
  saved >> was >> ours;
  world.limits["id-n1"] = read_limits(ours).value();
  ASSERT_NE(world.fingerprint(), before);
  life->pass(5s);
  EXPECT_EQ(world.fingerprint(), before);
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
}

TEST_F(LimitsLife, LimitsThatAnotherHandHasChangedSinceStay) {
  const auto id = inject(FaultKind::memory_pressure, 10).id;
  world.limits["id-n1"].memory = 12345678;
  life->pass(11s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.limits["id-n1"].memory, 12345678);
}

TEST_F(LimitsLife, ANodeThatTheLimitHadKilledIsStartedWhenTheLimitIsBack) {
  const auto id = inject(FaultKind::memory_pressure, 10).id;
  auto& n1 = world.at("n1");
  n1.state = ContainerState::exited;
  n1.exit_code = 137;
  n1.out_of_memory = true;
  life->pass(5s);
  EXPECT_EQ(world.at("n1").state, ContainerState::exited) << "until then it is part of the fault";
  world.errors["start"] = {ErrorCode::unavailable, "away"};
  life->pass(6s);
  EXPECT_EQ(life->fault(id).state, FaultState::revert_failed);
  world.errors.clear();
  life->pass(6s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
  EXPECT_EQ(world.limits["id-n1"].memory, 0);
}

TEST_F(LimitsLife, ANodeThatTheLimitDidNotKillStaysDown) {
  struct Row {
    std::int64_t exit_code;
    bool out_of_memory;
    bool another_run;
  };
  for (const auto& [exit_code, out_of_memory, another_run] :
       {Row{137, false, false}, Row{0, true, false}, Row{137, true, true}}) {
    const auto id = inject(FaultKind::memory_pressure, 10).id;
    if (another_run) world.start("n1");
    auto& n1 = world.at("n1");
    n1.state = ContainerState::exited;
    n1.exit_code = exit_code;
    n1.out_of_memory = out_of_memory;
    life->pass(11s);
    EXPECT_EQ(life->fault(id).state, FaultState::reverted);
    EXPECT_EQ(world.at("n1").state, ContainerState::exited) << exit_code << out_of_memory;
    world.start("n1");
    world.at("n1").out_of_memory = false;
    life->watch.step();
  }
}

TEST_F(LimitsLife, ALimitThatWouldNotBeLowerIsRefused) {
  world.limits["id-n1"] = {0, 0, 200'000'000, 64 * 1024 * 1024, -1};
  for (const auto kind : {FaultKind::cpu_throttle, FaultKind::memory_pressure}) {
    const auto fault = inject(kind);
    EXPECT_EQ(fault.state, FaultState::failed);
    EXPECT_THAT(fault.reason, HasSubstr("give less"));
  }
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(LimitsLife, ALimitThatIsNotLessThanTheMachineHasIsRefusedByTheNameOfItsNumber) {
  auto cpu = request_for(FaultKind::cpu_throttle, "n1", 60);
  auto memory = request_for(FaultKind::memory_pressure, "n1", 60);
  cpu.params.numbers = {{"percent", 400}};
  memory.params.numbers = {{"headroom_mb", 1'000'000}};
  const auto reason_of = [&](const FaultRequest& request) {
    const auto id = life->inject(request).id;
    life->work();
    EXPECT_EQ(life->fault(id).state, FaultState::failed);
    return life->fault(id).reason;
  };
  EXPECT_THAT(reason_of(cpu), HasSubstr("has 4 CPUs, so that nothing would change; give percent "
                                        "less than 400"));
  EXPECT_THAT(reason_of(memory), HasSubstr("16384 MB and it uses 100 MB, so that nothing would "
                                           "change; give less headroom_mb"));
  EXPECT_THAT(world.calls, IsEmpty());

  world.machine = {};  // Its runtime does not say: unknown is not zero.
  life->inject(cpu);
  life->inject(memory);
  life->work();
  EXPECT_THAT(world.calls, ElementsAre("set_cpu id-n1", "set_memory id-n1"));
}

}  // namespace
}  // namespace faultline::chaos
