#include <gmock/gmock.h>

#include "chaosd/nethold/inbox.hpp"
#include "chaosd/nethold/lease.hpp"
#include "chaosd/nethold/relay_rules.hpp"
#include "chaosd/nethold/ruleset.hpp"
#include "chaosd/nethold/shaper.hpp"
#include "tests/unit/chaosd/temporary_folder.hpp"

namespace faultline::nethold {
namespace {

using namespace std::chrono_literals;
using chaos::NetDirection;
using chaos::NetEffect;
using chaos::NetRules;
using ::testing::HasSubstr;
using ::testing::Not;

NetRules partition() {
  NetRules rules;
  rules.peers = {"10.0.0.2", "fd00::2"};
  rules.ports = {26257, 26258};
  return rules;
}

Marks marks() { return *marks_of("f-6b042173e3f7-1"); }

TEST(NetholdRate, WhatMayGoAtOnceIsLittleOfTenSecondsAndNoLessThanAPacket) {
  for (const std::uint64_t kbit : {64U, 256U, 1000U, 8000U, 1'000'000U}) {
    const auto rate = kbit * 1000 / 8;
    EXPECT_LE(burst_of(rate), rate * 10 / 40) << kbit;  // A fortieth: 2.5 % more.
    EXPECT_GE(burst_of(rate), std::max<std::uint64_t>(1514, rate / 100)) << kbit;
  }
  EXPECT_EQ(burst_of(1000), 2000U);
}

TEST(NetholdMarks, ComeFromTheFaultsIdAlone) {
  EXPECT_EQ(marks().table, "faultline_f_6b042173e3f7_1");
  EXPECT_GE(marks().major, 0x4000U);
  EXPECT_LT(marks().major, 0x8000U) << "the kernel hands these out itself";
  EXPECT_NE(marks().major, marks_of("f-6b042173e3f7-2")->major);
}

TEST(NetholdMarks, AnIdThatCouldBeACommandIsRefused) {
  for (const char* id : {"", "f;flush ruleset", "f 1", "F-1", "f_1", "f\n1"}) {
    const auto refused = marks_of(id);
    ASSERT_FALSE(refused) << id;
    EXPECT_EQ(refused.error().field, "--fault");
  }
  EXPECT_FALSE(marks_of(std::string(49, 'a')));
}

TEST(NetholdRuleset, MeetsBothDirectionsOfAConnectionInBothChains) {
  const auto text = ruleset(marks(), partition(), true);
  for (const char* rule : {"ip saddr { 10.0.0.2 } meta l4proto { tcp, udp } th dport { 26257, "
                           "26258 } counter name \"met\" drop",
                           "ip saddr { 10.0.0.2 } meta l4proto { tcp, udp } th sport { 26257, "
                           "26258 } counter name \"met\" drop",
                           "ip daddr { 10.0.0.2 } meta l4proto { tcp, udp } th dport { 26257, "
                           "26258 } counter name \"met\" drop",
                           "ip daddr { 10.0.0.2 } meta l4proto { tcp, udp } th sport { 26257, "
                           "26258 } counter name \"met\" drop",
                           "ip6 saddr { fd00::2 }", "ip6 daddr { fd00::2 }",
                           "iifname \"lo\" return", "oifname \"lo\" return", "flags owner;"}) {
    EXPECT_THAT(text, HasSubstr(rule));
  }
  EXPECT_EQ(count_rules(text), rules_count(partition()));
  EXPECT_EQ(rules_count(partition()), 8);
}

TEST(NetholdRuleset, OneWayHasOneChain) {
  auto rules = partition();
  rules.direction = NetDirection::in;
  EXPECT_THAT(ruleset(marks(), rules, true), Not(HasSubstr("hook output")));
  rules.direction = NetDirection::out;
  const auto text = ruleset(marks(), rules, true);
  EXPECT_THAT(text, Not(HasSubstr("hook input")));
  EXPECT_EQ(count_rules(text), rules_count(rules));
}

TEST(NetholdRuleset, WithoutPeersTheExemptAreLetThroughFirst) {
  NetRules rules;
  rules.ports = {26257};
  rules.exempt = {"172.18.0.1", "172.18.0.9", "172.18.0.9"};
  const auto text = ruleset(marks(), rules, true);
  const auto exempt = text.find("ip saddr { 172.18.0.1, 172.18.0.9 } return");
  ASSERT_NE(exempt, std::string::npos);
  EXPECT_LT(exempt, text.find(" drop"));
  EXPECT_EQ(count_rules(text), rules_count(rules));
}

TEST(NetholdRuleset, LossDropsAShareAndRateGivesThePriorityOfTheClass) {
  auto rules = partition();
  rules.effect = NetEffect::loss;
  rules.percent = 30;
  EXPECT_THAT(ruleset(marks(), rules, true), HasSubstr("numgen random mod 100 < 30 drop"));
  rules.effect = NetEffect::rate;
  EXPECT_THAT(ruleset(marks(), rules, true), Not(HasSubstr("drop")));
  EXPECT_THAT(ruleset(marks(), rules, true), HasSubstr("meta priority set "));
}

TEST(NetholdRuleset, WithoutAnyPeerLeftThereIsNoRuleAndTheChainsStay) {
  NetRules rules;
  rules.ports = {26257};
  rules.nobody = true;
  const auto text = ruleset(marks(), rules, true);
  EXPECT_EQ(count_rules(text), 0);
  EXPECT_EQ(rules_count(rules), 0);
  for (const auto& chain : chains_of(rules)) EXPECT_THAT(text, HasSubstr("chain " + chain + " {"));
}

TEST(NetholdRuleset, EveryRuleIsInOneOfTheChainsThatAReplacementEmpties) {
  for (const auto direction : {NetDirection::both, NetDirection::in, NetDirection::out}) {
    auto rules = partition();
    rules.direction = direction;
    const auto text = ruleset(marks(), rules, true);
    std::size_t chains = 0;
    for (auto at = text.find("  chain "); at != std::string::npos;
         at = text.find("  chain ", at + 1))
      chains += 1;
    EXPECT_EQ(chains_of(rules).size(), chains);
    for (const auto& chain : chains_of(rules)) EXPECT_THAT(text, HasSubstr("chain " + chain));
  }
}

TEST(NetholdInbox, RulesArePutAndReadAsAWholeAndNoneAreNoRules) {
  const chaos::TemporaryFolder folder;
  EXPECT_FALSE(read_rules(folder.path()));
  auto rules = partition();
  ASSERT_TRUE(write_rules(folder.path(), rules));
  EXPECT_EQ(*read_rules(folder.path()), rules);
  rules.peers = {"10.0.0.7"};
  ASSERT_TRUE(write_rules(folder.path(), rules));
  EXPECT_EQ(*read_rules(folder.path()), rules);
  EXPECT_FALSE(write_rules(folder.path() + "/not-there", rules));
}

TEST(NetholdRelayRules, LeadNewClientsToTheRelayAndSpareTheExemptAndLoopback) {
  NetRules rules;
  rules.effect = NetEffect::relay;
  rules.ports = {26257, 26258};
  rules.exempt = {"10.0.0.2", "fd00::2"};
  const auto text = relay_ruleset(marks(), rules, {40001, true}, true);
  const auto lead =
      text.find("    tcp dport { 26257, 26258 } counter name \"met\" redirect to :40001\n");
  ASSERT_NE(lead, std::string::npos) << text;
  for (const char* first : {"type nat hook prerouting priority -100;", "iifname \"lo\" return",
                            "ip saddr { 10.0.0.2 } return", "ip6 saddr { fd00::2 } return"}) {
    EXPECT_LT(text.find(first), lead) << first;
  }
  EXPECT_THAT(text, HasSubstr("flags owner;"));
  EXPECT_THAT(text, HasSubstr("    meta mark 0x00fa17fa tcp dport { 26257, 26258 } counter"));
  EXPECT_THAT(text, Not(HasSubstr("flush")));
  EXPECT_EQ(count_rules(text), kRelayRules);
}

TEST(NetholdRelayRules, NobodyIsLedByIpv6ToARelayThatDoesNotHearIt) {
  NetRules rules;
  rules.ports = {26257};
  const auto text = relay_ruleset(marks(), rules, {40001, false}, true);
  EXPECT_THAT(text, HasSubstr("    meta nfproto ipv4 tcp dport { 26257 }"));
  EXPECT_THAT(text, Not(HasSubstr("    tcp dport")));
}

TEST(NetholdRuleset, NeverFlushesAnything) {
  for (const bool owned : {true, false}) {
    EXPECT_THAT(ruleset(marks(), partition(), owned), Not(HasSubstr("flush")));
  }
  EXPECT_THAT(ruleset(marks(), partition(), false), Not(HasSubstr("owner")));
}

TEST(NetholdListing, TheCounterIsReadAndItsAbsenceIsNotZero) {
  EXPECT_EQ(packets_in("table inet x {\n\tcounter met {\n\t\tpackets 17 bytes 1020\n\t}\n}"), 17);
  EXPECT_EQ(packets_in("table inet x {\n}"), -1);
}

TEST(NetholdLease, EndsAtTheDeadlineHoweverOftenItIsRenewed) {
  Lease lease{1000ms, 300ms, 1000ms};
  for (auto now = 1000ms; now < 2000ms; now += 100ms) {
    lease.renew(now);
    EXPECT_FALSE(lease.is_over(now));
  }
  lease.renew(2000ms);
  EXPECT_TRUE(lease.deadline_passed(2000ms));
  EXPECT_EQ(lease.left(2000ms), 0ms);
}

TEST(NetholdLease, EndsWithoutRenewalBeforeTheDeadline) {
  Lease lease{1000ms, 300ms, 10'000ms};
  EXPECT_FALSE(lease.is_over(1299ms));
  EXPECT_TRUE(lease.abandoned(1300ms));
  EXPECT_FALSE(lease.deadline_passed(1300ms));
  lease.renew(1200ms);
  EXPECT_FALSE(lease.is_over(1499ms));
  EXPECT_EQ(lease.left(1250ms), 250ms);
}

TEST(NetRulesArguments, ComeBackAsTheyWere) {
  NetRules rules = partition();
  rules.effect = NetEffect::delay;
  rules.direction = NetDirection::out;
  rules.exempt = {"10.0.0.9"};
  rules.witnesses = {"10.0.0.2"};
  rules.percent = 1;
  rules.rate_kbit = 8000;
  rules.delay = 100ms;
  rules.jitter = 10ms;
  const auto read = chaos::read_arguments(chaos::to_arguments(rules));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, rules);
}

TEST(NetRulesArguments, AsOneWordTheyComeBackToo) {
  auto rules = partition();
  rules.nobody = true;
  const auto word = chaos::to_word(rules);
  EXPECT_EQ(word.find(' '), std::string::npos);
  const auto read = chaos::read_word(word);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, rules);
  EXPECT_FALSE(chaos::read_word(""));
  EXPECT_FALSE(chaos::read_word("port=26257,peer=10.0.0.2 }"));
  EXPECT_FALSE(chaos::read_word("port=26257,nobody=no"));
}

TEST(NetRulesArguments, AreTheSameInWhateverOrder) {
  auto rules = partition();
  auto other = rules;
  other.peers = {"fd00::2", "10.0.0.2", "10.0.0.2"};
  other.ports = {26258, 26257};
  EXPECT_TRUE(chaos::same_rules(rules, other));
  other.nobody = true;
  EXPECT_FALSE(chaos::same_rules(rules, other));
}

TEST(NetRulesArguments, WhatCouldBecomeARuleOfItsOwnIsRefused) {
  for (const char* argument : {"--peer=10.0.0.2 } drop", "--peer=n2", "--port=0", "--port=65536",
                               "--port=1 }", "--effect=flush", "--direction=up", "--percent=x",
                               "--delay-ms=-1", "--unknown=1", "peer"}) {
    EXPECT_FALSE(chaos::read_arguments({"--port=26257", argument})) << argument;
  }
  EXPECT_FALSE(chaos::read_arguments({"--effect=drop"})) << "without a port";
  EXPECT_FALSE(chaos::read_arguments({"--effect=loss", "--port=1"})) << "without percent";
  EXPECT_FALSE(chaos::read_arguments({"--effect=relay", "--port=1"})) << "without delay-ms";
}

}  // namespace
}  // namespace faultline::nethold
