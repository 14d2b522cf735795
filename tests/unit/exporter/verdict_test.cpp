#include "exporter/observe/verdict.hpp"

#include <gtest/gtest.h>

namespace faultline::observe {
namespace {

using std::chrono::seconds;

const WallTime kNow = from_ms(1'795'423'340'000);

/// Three nodes, all well, 66 ranges on all of them.
VerdictInput healthy() {
  VerdictInput input;
  input.now = kNow;
  input.anything_read = input.processes_known = input.confirmed = true;
  input.expected = input.answering = input.up = 3;
  input.quorum = Quorum{.ranges = 66, .can_lose_nodes = 1};
  input.computed = {true, 0, "", kNow};
  input.native = {true, 0, "", kNow};
  input.underreplicated = 0;
  return input;
}

struct Case {
  const char* name;
  void (*change)(VerdictInput&);
  VerdictState state;
  const char* sentence;
};

void lose_one(VerdictInput& input) {
  input.answering = input.up = 2;
  input.underreplicated = 66;
  input.quorum = Quorum{.ranges = 66, .underreplicated = 66, .at_risk = 66};
}

void doubt_one_more(VerdictInput& input, seconds lasting) {
  lose_one(input);
  input.up = 1;
  input.quorum_doubted = true;
  input.doubted_since = kNow - lasting;
  input.computed = {false, {}, "it may pass", kNow};
}

const Case kCases[] = {
    {"AllWell", [](VerdictInput&) {}, VerdictState::available, "Available, can lose 1 more node"},
    {"OneLost", lose_one, VerdictState::degraded,
     "Available, but one more node lost would take quorum from 66 ranges"},
    {"OneRangeAtRiskWithAllNodesUp",
     [](VerdictInput& input) { input.quorum = Quorum{.ranges = 66, .at_risk = 1}; },
     VerdictState::degraded, "Available, but one more node lost would take quorum from 1 range"},
    {"OneRangeUnderReplicated", [](VerdictInput& input) { input.underreplicated = 1; },
     VerdictState::degraded, "Available, can lose 1 more node; 1 range under-replicated"},
    {"TheOnlyNode",
     [](VerdictInput& input) {
       input.expected = input.answering = input.up = 1;
       input.quorum = Quorum{.ranges = 66, .at_risk = 66};
     },
     VerdictState::available, "Available, on the only node of the cluster"},
    {"ASurvivorIsDoubted", [](VerdictInput& input) { doubt_one_more(input, seconds{14}); },
     VerdictState::settling,
     "Settling: 2 of 3 processes answer, 1 of them live for now; it may pass"},
    {"ADoubtThatLastsAlarms",
     [](VerdictInput& input) {
       doubt_one_more(input, seconds{15});
       input.computed = {true, 66, "", kNow};
     },
     VerdictState::unavailable, "66 ranges without quorum: 1 of 3 nodes is up"},
    {"ADoubtThatLastsAlarmsWithoutDescriptors",
     [](VerdictInput& input) {
       doubt_one_more(input, seconds{15});
       input.quorum.reset();
     },
     VerdictState::unavailable, "No quorum: 2 of 3 nodes answer, 1 of them live"},
    {"LostRangesAreToldWhileOthersAreInDoubt",
     [](VerdictInput& input) {
       doubt_one_more(input, seconds{1});
       input.computed = {true, 20, "", kNow};
     },
     VerdictState::unavailable, "20 ranges without quorum: 2 of 3 nodes are up"},
    {"GaugesThatSeeMoreForLongAreBelieved",
     [](VerdictInput& input) {
       lose_one(input);
       input.computed = {true, 5, "", kNow};
       input.native.ranges_unavailable = 27;
       input.native_more_since = kNow - seconds{16};
     },
     VerdictState::unavailable, "27 ranges without quorum: 2 of 3 nodes are up"},
    {"TwoProcessesGone",
     [](VerdictInput& input) {
       input.answering = input.up = 1;
       input.computed = {true, 66, "", kNow};
     },
     VerdictState::unavailable, "66 ranges without quorum: 1 of 3 nodes is up"},
    {"NobodyLiveInItsOwnEyes",
     [](VerdictInput& input) {
       lose_one(input);
       input.confirmed = false;
       input.denied = true;
       input.doubted_since = kNow - seconds{14};
       input.computed.valid = false;
     },
     VerdictState::settling, "Settling: 2 of 3 processes answer, none is live in its own eyes yet"},
    {"OneRangeSeenByGaugesAlone",
     [](VerdictInput& input) {
       input.native.ranges_unavailable = 1;
       input.native_more_since = kNow - seconds{1};
     },
     VerdictState::settling, "Settling: nodes report 1 range without quorum; it may pass"},
};

class VerdictOf : public testing::TestWithParam<Case> {};

TEST_P(VerdictOf, Is) {
  auto input = healthy();
  GetParam().change(input);
  input.up_told = quorum_on_hold(input) ? input.answering : input.up;
  const auto verdict = judge(input, nullptr);
  EXPECT_EQ(verdict.state, GetParam().state) << to_string(verdict.state);
  EXPECT_EQ(verdict.sentence, GetParam().sentence);
}

INSTANTIATE_TEST_SUITE_P(Table, VerdictOf, testing::ValuesIn(kCases),
                         [](const auto& of) { return std::string{of.param.name}; });

}  // namespace
}  // namespace faultline::observe
