// Network faults whose peers, or what they spare, get other addresses meanwhile.
#include <gmock/gmock.h>

#include "chaosd/faults/net_change.hpp"
#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

NetPicture picture_of(std::vector<std::string> peers) {
  NetPicture picture;
  picture.rules.ports = {26257};
  picture.rules.witnesses = picture.rules.peers = std::move(peers);
  return picture;
}

TEST(NetChange, APeerThatMovedIsNamedAndItsOldAddressIsNobodysBusiness) {
  auto now = picture_of({"10.0.0.7"});
  now.names = {{"10.0.0.7", "n3"}};
  const auto before = picture_of({"10.0.0.3"}).rules;
  EXPECT_THAT(doubtful(before, now), IsEmpty());
  const auto change = change_of(before, now, {});
  EXPECT_THAT(change.rules.peers, ElementsAre("10.0.0.7"));
  EXPECT_THAT(change.rules.witnesses, ElementsAre("10.0.0.7"));
  EXPECT_EQ(change.words, "its rules follow: now about 10.0.0.7 (n3); no longer about 10.0.0.3");
  EXPECT_TRUE(change.shows);
}

TEST(NetChange, TheAddressOfAPeerThatIsDownStaysItsOwnUntilSomebodyTakesIt) {
  auto now = picture_of({});
  now.away = {{"n3 has no IP address now (it is exited)", {}}};
  const auto before = picture_of({"10.0.0.3"}).rules;
  EXPECT_THAT(doubtful(before, now), ElementsAre("10.0.0.3"));
  EXPECT_TRUE(same_rules(change_of(before, now, {"10.0.0.9"}).rules, before));

  const auto taken = change_of(before, now, {"10.0.0.9", "10.0.0.3"});
  EXPECT_THAT(taken.rules.peers, IsEmpty());
  EXPECT_TRUE(taken.rules.nobody) << "no peers would be everybody";
  EXPECT_FALSE(taken.shows);
  EXPECT_THAT(taken.words, HasSubstr("no longer about 10.0.0.3, and no peer has an address"));

  const auto back = change_of(taken.rules, picture_of({"10.0.0.7"}), {});
  EXPECT_THAT(back.rules.peers, ElementsAre("10.0.0.7"));
  EXPECT_FALSE(back.rules.nobody);
}

TEST(NetChange, AFixedAddressOfAPeerThatIsDownIsItsOwnToo) {
  auto now = picture_of({"10.0.0.2"});
  now.away = {{"", {"10.0.0.30"}}};
  const auto before = picture_of({"10.0.0.2"}).rules;
  EXPECT_THAT(change_of(before, now, {}).rules.peers, ElementsAre("10.0.0.2", "10.0.0.30"));
  EXPECT_THAT(change_of(before, now, {"10.0.0.30"}).rules.peers, ElementsAre("10.0.0.2"));
}

TEST(NetChange, WhatIsOursIsSparedWhileItIsRestartedAndNoStrangerInItsPlace) {
  NetPicture now;
  now.rules.ports = {26257};
  now.rules.exempt = {"10.0.0.254"};
  NetRules before = now.rules;
  before.exempt = {"10.0.0.254", "10.0.0.9"};
  before.ports = {26257, 26300};
  EXPECT_THAT(doubtful(before, now), ElementsAre("10.0.0.9"));
  EXPECT_TRUE(same_rules(change_of(before, now, {}).rules, before)) << "and its port stays met";
  const auto change = change_of(before, now, {"10.0.0.9"});
  EXPECT_THAT(change.rules.exempt, ElementsAre("10.0.0.254"));
  EXPECT_THAT(change.words, HasSubstr("no longer sparing 10.0.0.9"));
}

class NetFollow : public ChaosdTest {
 protected:
  FaultView inject(FaultKind kind, OnRestart policy = OnRestart::end) {
    auto request = request_for(kind, "n1", 600);
    request.params.on_restart = std::string{to_string(policy)};
    const auto view = life->inject(request);
    life->work();
    EXPECT_EQ(life->fault(view.id).state, FaultState::active);
    return life->fault(view.id);
  }
  [[nodiscard]] NetRules rules(const FaultId& id) {
    return std::get<NetRules>(world.holds.at(id.value).what);
  }
  void move(const std::string& name, const std::string& address) {
    world.start(name);
    world.at(name).addresses = {name, address};
  }
  [[nodiscard]] std::vector<std::string> told() {
    std::vector<std::string> sentences;
    const auto status = life->feed.poll({0, life->feed.boot(), 0ms}, clock.now().steady,
                                        [&](const FeedBatch& batch) {
                                          for (const auto& event : batch.events) {
                                            if (event.kind == ChaosEvent::Kind::fault_state) {
                                              sentences.push_back(event.sentence);
                                            }
                                          }
                                        });
    EXPECT_TRUE(status);
    life->feed.step(clock.now().steady);
    return sentences;
  }
};

TEST_F(NetFollow, APeerThatComesBackElsewhereIsCutThereAtOnceAndWhoHasItsPlaceIsNot) {
  const auto id = inject(FaultKind::net_partition).id;
  world.at("n3").state = ContainerState::exited;
  world.at("n3").addresses = {"n3"};
  life->pass(1s);
  EXPECT_THAT(rules(id).peers, ElementsAre("10.0.0.3")) << "nobody else is there";
  world.strangers = {"10.0.0.3"};
  life->pass(5s);
  EXPECT_TRUE(rules(id).nobody);
  EXPECT_EQ(life->fault(id).state, FaultState::active) << "there is nobody to prove it with";

  move("n3", "10.0.0.7");
  life->pass(100ms);  // The watch saw it; the next renewal is seconds away.
  EXPECT_THAT(rules(id).peers, ElementsAre("10.0.0.7"));
  EXPECT_FALSE(rules(id).nobody);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  EXPECT_EQ(life->fault(id).reason, "its rules follow: now about 10.0.0.7 (n3)");
  EXPECT_THAT(told(), Contains(HasSubstr("now about 10.0.0.7 (n3)")));
  life->pass(20s);
  EXPECT_THAT(std::count(world.calls.begin(), world.calls.end(), "replace id-n1"), 2)
      << "what has not changed is not laid down again";
}

TEST_F(NetFollow, AnAddressInAnotherNetworkIsFollowedWithoutARestart) {
  const auto id = inject(FaultKind::net_loss).id;
  const auto partition = inject(FaultKind::net_latency).id;
  world.at("n3").addresses.push_back("10.9.0.3");
  life->pass(100ms);
  EXPECT_THAT(rules(id).witnesses, Contains("10.9.0.3"));
  EXPECT_EQ(life->fault(id).reason, "") << "it is about everybody: nothing is new for people";
  EXPECT_THAT(rules(partition).witnesses, Contains("10.9.0.3"));
}

TEST_F(NetFollow, AnotherConsoleOfOursIsSparedFromTheNextRenewalOn) {
  const auto id = inject(FaultKind::net_isolate).id;
  world.ours = {"10.0.0.254", "10.0.0.77"};
  life->pass(5s);
  EXPECT_THAT(rules(id).exempt, UnorderedElementsAre("10.0.0.254", "10.0.0.77"));
  EXPECT_THAT(life->fault(id).reason, HasSubstr("now sparing 10.0.0.77"));
}

TEST_F(NetFollow, SqlClientsGoOnWaitingAndAPeerElsewhereDoesNotWaitWithThem) {
  auto request = request_for(FaultKind::net_latency, "n1", 600);
  request.params.path = "sql";
  const auto id = life->inject(request).id;
  life->work();
  move("n3", "10.0.0.7");
  world.strangers = {"10.0.0.3"};
  life->pass(100ms);
  EXPECT_THAT(rules(id).exempt, UnorderedElementsAre("10.0.0.253", "10.0.0.2", "10.0.0.7"));
}

TEST_F(NetFollow, RulesThatCannotFollowEndTheFaultWithTheReason) {
  const auto id = inject(FaultKind::net_partition).id;
  world.errors["replace"] = {ErrorCode::upstream, "the helper said: failed nftables: busy"};
  move("n3", "10.0.0.7");
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("its rules could not follow: the helper said"));
  EXPECT_THAT(world.holds, IsEmpty());
}

TEST_F(NetFollow, NewRulesInNobodysWayEndItToo) {
  const auto id = inject(FaultKind::net_partition).id;
  world.holds_meet_packets = false;
  life->pass(20s);
  EXPECT_EQ(life->fault(id).state, FaultState::active) << "they were proven";
  move("n3", "10.0.0.7");
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::reverted);
  EXPECT_THAT(life->fault(id).reason, HasSubstr("could not be proven: no packet has met"));
  EXPECT_THAT(world.holds, IsEmpty());
}

TEST_F(NetFollow, WithReapplyTheyAreLaidDownFromTheBeginning) {
  const auto id = inject(FaultKind::net_partition, OnRestart::reapply).id;
  world.errors["replace"] = {ErrorCode::upstream, "no"};
  move("n3", "10.0.0.7");
  life->pass(1s);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  EXPECT_THAT(rules(id).peers, ElementsAre("10.0.0.7"));
}

TEST_F(NetFollow, AnEngineThatIsSilentIsAskedAgain) {
  const auto id = inject(FaultKind::net_partition).id;
  world.errors["replace"] = {ErrorCode::timeout, "no answer"};
  move("n3", "10.0.0.7");
  life->pass(12s);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  world.errors.clear();
  life->pass(5s);
  EXPECT_THAT(rules(id).peers, ElementsAre("10.0.0.7"));
}

TEST_F(NetFollow, APeerThatIsGoneForGoodEndsNothing) {
  const auto id = inject(FaultKind::net_partition).id;
  world.targets.erase("id-n3");
  life->pass(12s);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  EXPECT_THAT(rules(id).peers, ElementsAre("10.0.0.3"));
}

TEST_F(NetFollow, WhatLiesUponAnOldRunIsLeftAlone) {
  const auto id = inject(FaultKind::net_partition, OnRestart::ignore).id;
  world.start("n1");
  life->pass(1s);
  move("n3", "10.0.0.7");
  life->pass(12s);
  EXPECT_EQ(life->fault(id).state, FaultState::active);
  EXPECT_THAT(world.calls, Not(Contains("replace id-n1")));
}

/// chaosd dies in each call that following takes, before and after it did its work; the next one
/// follows, or has nothing to follow, and everything ends.
TEST_F(NetFollow, ADeathInTheMiddleLosesNothing) {
  constexpr int kCalls = 6;
  for (const bool after : {false, true}) {
    for (int at = 0; at <= kCalls; ++at) {
      const auto before = world.fingerprint();
      const auto id = inject(FaultKind::net_partition).id;
      move("n3", "10.0.1." + std::to_string(at));
      world.calls_until_crash = at;
      world.crash_after_effect = after;
      bool crashed = false;
      try {
        life->pass(100ms);
      } catch (const Crash&) {
        crashed = true;
      }
      world.calls_until_crash = -1;
      EXPECT_EQ(crashed, at < kCalls);
      begin();
      life->pass(6s);
      EXPECT_EQ(life->fault(id).state, FaultState::active) << at;
      EXPECT_THAT(rules(id).peers, ElementsAre("10.0.1." + std::to_string(at)));
      ASSERT_TRUE(life->service.undo(id));
      life->pass(1s);
      EXPECT_EQ(world.fingerprint(), before);
    }
  }
}

}  // namespace
}  // namespace faultline::chaos
