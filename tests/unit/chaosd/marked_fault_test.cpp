#include <gmock/gmock.h>

#include "chaosd/faults/net_fault.hpp"
#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// Faults whose effect is something of ours beside the target.
class MarkedLife : public ChaosdTest {
 protected:
  FaultView inject(FaultKind kind, OnRestart policy = OnRestart::end,
                   std::int64_t duration_s = 60) {
    auto request = request_for(kind, "n1", duration_s);
    if (fault_of(kind).shape().takes_on_restart) {
      request.params.on_restart = std::string{to_string(policy)};
    }
    const auto view = life->inject(request);
    life->work();
    return life->fault(view.id);
  }
  [[nodiscard]] const FakeHold& hold(const FaultView& fault) {
    return world.holds.at(fault.id.value);
  }
  [[nodiscard]] const NetRules& rules(const FaultView& fault) {
    return std::get<NetRules>(hold(fault).what);
  }
};

TEST_F(MarkedLife, APartitionIsHeldAgainstThePeersAddressesAndReleasedAtItsDeadline) {
  const auto fault = inject(FaultKind::net_partition, OnRestart::end, 10);
  EXPECT_EQ(fault.state, FaultState::active);
  EXPECT_EQ(fault.detail, "with n3; both ways");
  EXPECT_THAT(rules(fault).peers, ElementsAre("10.0.0.3"));
  EXPECT_THAT(rules(fault).ports, ElementsAre(26257));
  life->pass(11s);
  EXPECT_EQ(life->fault(fault.id).state, FaultState::reverted);
  EXPECT_THAT(world.holds, IsEmpty());
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

/// n1 is on one host, n2 and n3 on another, where n3 has within its machine the address that
/// n2's namesake n4 has beside n1.
TEST_F(MarkedLife, APeerOnAnotherHostIsMetAtWhatItAdvertisesAndNobodyElseIsCut) {
  world.at("n1").host = "eu";
  world.add("n4").host = "eu";
  world.at("n3").host = "us";
  world.at("n3").addresses = {"203.0.113.3:26257", "n3", "10.0.0.4"};
  EXPECT_THAT(rules(inject(FaultKind::net_partition)).peers, ElementsAre("203.0.113.3"));
}

TEST_F(MarkedLife, APeerOnAnotherHostThatAdvertisesNothingIsNotTakenForItsNamesakeHere) {
  world.at("n1").host = "eu";
  world.add("n4").host = "eu";
  world.at("n3").host = "us";
  world.at("n3").addresses = {"n3", world.at("n4").addresses.back(), "10.1.0.3"};
  const auto fault = inject(FaultKind::net_partition);
  EXPECT_THAT(rules(fault).peers, ElementsAre("10.1.0.3"));
}

TEST_F(MarkedLife, APeerOnAnotherHostWithoutAnyAddressOfItsOwnIsRefused) {
  world.at("n1").host = "eu";
  world.add("n4").host = "eu";
  world.at("n3").host = "us";
  world.at("n3").addresses = {"n3", world.at("n4").addresses.back()};
  const auto fault = inject(FaultKind::net_partition);
  EXPECT_EQ(fault.state, FaultState::failed);
  EXPECT_THAT(fault.reason, HasSubstr("n3 has no IP address"));
  EXPECT_THAT(world.holds, IsEmpty());
}

TEST_F(MarkedLife, AnIsolationMeetsEverybodyButWhatIsExempt) {
  const auto fault = inject(FaultKind::net_isolate);
  EXPECT_THAT(rules(fault).peers, IsEmpty());
  EXPECT_THAT(rules(fault).exempt, ElementsAre("10.0.0.254"));
  EXPECT_THAT(rules(fault).witnesses, ElementsAre("10.0.0.2", "10.0.0.3"));
}

TEST_F(MarkedLife, AMechanismThatAcceptsAndDoesNothingIsUnverifiedAndUndone) {
  for (const auto& [kind, verb] :
       std::map<FaultKind, std::string>{{FaultKind::net_partition, "hold"},
                                        {FaultKind::cpu_throttle, "set_cpu"},
                                        {FaultKind::memory_pressure, "set_memory"},
                                        {FaultKind::disk_fill, "hold"},
                                        {FaultKind::disk_slow, "hold"},
                                        {FaultKind::disk_stall, "hold"}}) {
    world.ignored = {verb};
    const auto before = world.fingerprint();
    const auto id = inject(kind).id;
    life->pass(10s);
    EXPECT_EQ(life->fault(id).state, FaultState::failed) << to_string(kind);
    EXPECT_THAT(life->fault(id).reason, StartsWith("injected_unverified: ")) << to_string(kind);
    EXPECT_FALSE(life->fault(id).active_at) << to_string(kind);
    EXPECT_EQ(world.fingerprint(), before) << to_string(kind);
  }
}

TEST_F(MarkedLife, RulesInNobodysWayAreUnverifiedAndTakenAway) {
  world.holds_meet_packets = false;
  const auto id = inject(FaultKind::net_loss).id;
  EXPECT_EQ(life->fault(id).state, FaultState::injecting);
  life->pass(10s);
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("injected_unverified: no effect: no packet"));
  EXPECT_THAT(world.holds, IsEmpty());
}

TEST_F(MarkedLife, AFillIsHeldAndANodeThatGaveUpMeanwhileIsStartedAgain) {
  const auto fault = inject(FaultKind::disk_fill, OnRestart::end, 10);
  ASSERT_EQ(fault.state, FaultState::active);
  EXPECT_EQ(std::get<DiskFill>(hold(fault).what).leave_mb, 29);
  world.at("n1").state = ContainerState::exited;
  world.at("n1").exit_code = 10;
  life->pass(5s);
  EXPECT_EQ(life->fault(fault.id).state, FaultState::active) << "its volume is full all the same";
  life->pass(6s);
  EXPECT_EQ(life->fault(fault.id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
  EXPECT_THAT(world.holds, IsEmpty());
}

TEST_F(MarkedLife, ANodeThatAnotherHandStoppedDuringAFillStaysStopped) {
  for (const std::int64_t code : {0, 137}) {
    world.start("n1");
    life->pass(1s);  // The watch sees it.
    const auto fault = inject(FaultKind::disk_fill, OnRestart::end, 10);
    world.at("n1").state = ContainerState::exited;
    world.at("n1").exit_code = code;
    life->pass(11s);
    EXPECT_EQ(life->fault(fault.id).state, FaultState::reverted);
    EXPECT_EQ(world.at("n1").state, ContainerState::exited) << code;
  }
}

TEST_F(MarkedLife, ASlowDiskHasTheLimitsThatWereAskedForAndThenThoseOfBefore) {
  auto request = request_for(FaultKind::disk_slow, "n1", 10);
  request.params.numbers = {{"write_kb_s", 64}, {"iops", 20}};
  world.io["id-n1"] = {{0, 1'000'000, 10, 0}};
  const auto before = world.fingerprint();
  const auto id = life->inject(request).id;
  life->work();
  EXPECT_EQ(life->fault(id).detail, "write_kb_s 64; iops 20");
  EXPECT_EQ(world.io["id-n1"], (IoLimits{{0, 65'536, 10, 20}})) << "10 is less than 20 already";
  life->pass(13s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.fingerprint(), before);
}

TEST_F(MarkedLife, ASlowDiskThatWouldBeNoSlowerIsRefused) {
  world.io["id-n1"] = {{4096, 0, 0, 0}};
  const auto fault = inject(FaultKind::disk_slow);
  EXPECT_EQ(fault.state, FaultState::failed);
  EXPECT_THAT(fault.reason, HasSubstr("give less"));
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(MarkedLife, ADiskThatCannotBeThrottledIsNamedBeforeAnythingIsDone) {
  world.errors["look_at_disk"] = {ErrorCode::unsupported, "its store is on tmpfs"};
  const auto fault = inject(FaultKind::disk_stall);
  EXPECT_EQ(fault.state, FaultState::failed);
  EXPECT_EQ(fault.reason, "nothing was done: its store is on tmpfs");
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(MarkedLife, LimitsOfADiskGoBackEvenWhenWhatHeldThemWasRemovedByForce) {
  const auto before = world.fingerprint();
  const auto id = inject(FaultKind::disk_stall, OnRestart::end, 600).id;
  world.holds.clear();
  life->pass(10s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("what held it ended"));
  EXPECT_EQ(world.fingerprint(), before);
}

TEST_F(MarkedLife, ANodeThatGaveUpOnItsStalledDiskIsStartedAtTheEndAndNotBefore) {
  const auto id = inject(FaultKind::disk_stall, OnRestart::end, 30).id;
  world.at("n1").state = ContainerState::exited;
  world.at("n1").exit_code = 7;
  life->pass(20s);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  life->pass(13s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(MarkedLife, ANodeThatCouldEndOnlyOnceItsDiskAnsweredIsStartedAsWell) {
  const auto id = inject(FaultKind::disk_stall, OnRestart::end, 10).id;
  life->pass(10s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverting);
  world.at("n1").state = ContainerState::exited;
  world.at("n1").exit_code = 7;
  life->pass(3s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(MarkedLife, AStallIsLaidUponTheNewRunWithWhatStandsThere) {
  world.io["id-n1"] = {{0, 500, 0, 0}};
  const auto id = inject(FaultKind::disk_stall, OnRestart::reapply).id;
  world.start("n1");
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  EXPECT_EQ(world.io["id-n1"], (IoLimits{{2, 2, 0, 0}}));
  life->pass(63s);
  EXPECT_EQ(world.io["id-n1"], IoLimits{}) << "what the first run had is nothing of this one";
}

TEST_F(MarkedLife, ATargetWithoutTheMeansIsRefusedBeforeAnythingIsDone) {
  world.support = {{FaultKind::net_latency, Support::unsupported, "this kernel has no netem"}};
  life->pass(31s);  // The watch asks again.
  const auto refused = life->service.inject(request_for(FaultKind::net_latency, "n1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("this kernel has no netem"));
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST_F(MarkedLife, WithoutNetemThePathOfSqlClientsIsNamedAndCanBeSlowedDown) {
  world.support = {{FaultKind::net_latency,
                    Support::degraded,
                    "no netem",
                    {{NetPath::all, "this kernel has no netem"}}}};
  life->pass(31s);  // The watch asks again.
  auto request = request_for(FaultKind::net_latency, "n1");
  for (const std::optional<std::string>& path : {std::optional<std::string>{}, {"all"}}) {
    request.params.path = path;
    const auto refused = life->service.inject(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
    EXPECT_EQ(refused.error().field, "/path");
    EXPECT_THAT(refused.error().message, HasSubstr("no netem; path: sql can be done"));
  }
  request.params.path = "sql";
  const auto fault = life->inject(request);
  life->work();
  EXPECT_EQ(life->fault(fault.id).state, FaultState::active);
  EXPECT_THAT(life->fault(fault.id).detail, HasSubstr("with its SQL clients"));
  EXPECT_EQ(rules(fault).effect, NetEffect::relay);
  // The peers and our own containers; not the gateway, by which clients come.
  EXPECT_THAT(rules(fault).exempt, ElementsAre("10.0.0.253", "10.0.0.2", "10.0.0.3"));
  EXPECT_THAT(rules(fault).witnesses, ElementsAre("10.0.0.1"));
}

TEST_F(MarkedLife, AHelperThatCannotBeMadeIsAFailureWithNothingToUndo) {
  world.errors["hold"] = {ErrorCode::unsupported, "the image is not there"};
  const auto fault = inject(FaultKind::net_partition);
  EXPECT_EQ(fault.state, FaultState::failed);
  EXPECT_THAT(fault.reason, HasSubstr("nothing was done: the image is not there"));
  EXPECT_THAT(world.calls, ElementsAre("hold id-n1"));
}

TEST_F(MarkedLife, ARestartOfTheTargetEndsItByDefaultAndTheReasonSaysSo) {
  const auto id = inject(FaultKind::net_partition).id;
  world.start("n1");
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("n1 was restarted, which ended it"));
  EXPECT_THAT(world.holds, IsEmpty()) << "the helper of the old run is taken away too";
}

TEST_F(MarkedLife, ReapplyLaysItUponTheNewRun) {
  const auto fault = inject(FaultKind::net_partition, OnRestart::reapply);
  world.at("n1").state = ContainerState::exited;
  life->pass(1s);
  EXPECT_EQ(life->fault(fault.id).state, FaultState::active) << "it waits for the target";
  world.start("n1");
  life->pass(1s);
  EXPECT_EQ(life->fault(fault.id).state, FaultState::active);
  EXPECT_EQ(hold(fault).instance, world.at("n1").instance);
  life->pass(61s);
  EXPECT_EQ(life->fault(fault.id).state, FaultState::reverted);
  EXPECT_THAT(world.holds, IsEmpty());
}

TEST_F(MarkedLife, IgnoreLeavesTheNewRunAloneAndSaysSo) {
  const auto fault = inject(FaultKind::net_partition, OnRestart::ignore);
  const auto old_run = world.at("n1").instance;
  world.start("n1");
  life->pass(10s);
  EXPECT_EQ(life->fault(fault.id).state, FaultState::active);
  EXPECT_THAT(life->fault(fault.id).reason, HasSubstr("its new run is not affected"));
  EXPECT_EQ(hold(fault).instance, old_run);
  life->pass(60s);
  EXPECT_THAT(world.holds, IsEmpty());
}

TEST_F(MarkedLife, AHelperThatEndedByAnotherHandEndsTheFault) {
  const auto id = inject(FaultKind::net_partition).id;
  world.holds.clear();
  life->pass(6s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("what held it ended"));
}

TEST_F(MarkedLife, TheLeaseIsRenewedSeveralTimesWithinItsLength) {
  inject(FaultKind::net_partition);
  const auto before = world.renewals;
  life->pass(NetFault::kLease);
  EXPECT_GE(world.renewals - before, 5);
}

TEST_F(MarkedLife, AnEngineThatIsAwayDoesNotEndIt) {
  const auto id = inject(FaultKind::net_partition).id;
  world.errors["renew"] = {ErrorCode::unavailable, "refused"};
  life->pass(12s);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
}

TEST_F(MarkedLife, AReleaseThatFailsIsRetriedForEver) {
  const auto id = inject(FaultKind::net_partition, OnRestart::end, 5).id;
  world.errors["release"] = {ErrorCode::upstream, "the helper still runs"};
  life->pass(60s);
  EXPECT_EQ(life->fault(id).state, FaultState::revert_failed);
  EXPECT_TRUE(life->fault(id).overdue);
  world.errors.clear();
  life->pass(6s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
}

TEST_F(MarkedLife, WhatIsHeldForNoOpenFaultIsTakenAwayByItsMarks) {
  const auto kept = inject(FaultKind::net_partition);
  world.holds["f-lost-1"] = {"id-n2", "run-2", {}};
  life->worker.sweep();
  EXPECT_THAT(world.holds, ::testing::SizeIs(1));
  EXPECT_TRUE(world.holds.contains(kept.id.value));
}

TEST_F(MarkedLife, LimitsGoBackToWhatTheyWereThroughARestart) {
  world.limits["id-n1"] = {100'000, 150'000, 0, 0, 0};
  const auto before = world.fingerprint();
  const auto id = inject(FaultKind::cpu_throttle, OnRestart::end, 10).id;
  EXPECT_EQ(world.limits["id-n1"].cpu_quota_us, 30'000);
  world.start("n1");
  life->pass(5s);
  EXPECT_EQ(life->fault(id).state, FaultState::active) << "limits outlive a restart";
  life->pass(6s);
  EXPECT_EQ(world.fingerprint(), before);
}

TEST_F(MarkedLife, ALimitThatIsSetOnlyAfterTheEnginesSilenceIsPutBack) {
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
  const std::string saved = life->ledger().record_of(id)->saved;
  world.limits["id-n1"] = read_limits(saved.substr(saved.find(' ') + 1)).value();
  ASSERT_NE(world.fingerprint(), before);
  life->pass(5s);
  EXPECT_EQ(world.fingerprint(), before);
  EXPECT_EQ(life->fault(id).state, FaultState::failed);
}

TEST_F(MarkedLife, LimitsThatAnotherHandHasChangedSinceStay) {
  const auto id = inject(FaultKind::memory_pressure, OnRestart::end, 10).id;
  world.limits["id-n1"].memory = 12345678;
  life->pass(11s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_EQ(world.limits["id-n1"].memory, 12345678);
}

TEST_F(MarkedLife, ALimitThatWouldNotBeLowerIsRefused) {
  world.limits["id-n1"] = {0, 0, 200'000'000, 64 * 1024 * 1024, -1};
  for (const auto kind : {FaultKind::cpu_throttle, FaultKind::memory_pressure}) {
    const auto fault = inject(kind);
    EXPECT_EQ(fault.state, FaultState::failed);
    EXPECT_THAT(fault.reason, HasSubstr("give less"));
  }
  EXPECT_THAT(world.calls, IsEmpty());
}

TEST(NetFaultAddresses, AreTheOnesThatAreIpAddressesAndThePortsThatAreAdvertised) {
  TargetInfo target;
  target.addresses = {"crdb-1:26258", "crdb-1", "172.18.0.2", "10.0.0.7:26259", "fd00::2"};
  EXPECT_THAT(ip_addresses(target), ElementsAre("172.18.0.2", "10.0.0.7", "fd00::2"));
  EXPECT_THAT(ports_of(target), ElementsAre(26257, 26258, 26259));
}

}  // namespace
}  // namespace faultline::chaos
