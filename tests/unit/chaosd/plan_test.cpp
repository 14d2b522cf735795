#include "chaosd/service/plan.hpp"

#include <gmock/gmock.h>

#include "common/base/read_file.hpp"
#include "tests/unit/chaosd/fake_impact.hpp"

namespace faultline::chaos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Kill of node 2, of five, nothing broken yet, under a guard that enforces.
PlanInput kill_of_n2() {
  PlanInput input;
  input.targets = {{FaultKind::kill, "n2", "id-n2", NodeId{2}, ContainerState::running, ""}};
  input.nodes_known = 5;
  input.mode = GuardMode::enforce;
  return input;
}

std::vector<Risk> risks_of(const Plan& plan) {
  std::vector<Risk> kinds;
  for (const auto& risk : plan.risks) kinds.push_back(risk.kind);
  return kinds;
}

TEST(Plan, WhatOnlyMovesLeasesIsAllowed) {
  const auto plan = make_plan(kill_of_n2(), FakeImpact::harmless());
  EXPECT_EQ(plan.verdict, GuardVerdict::allow);
  EXPECT_THAT(risks_of(plan), ElementsAre(Risk::lease_loss, Risk::under_replication));
  EXPECT_EQ(plan.risks[0].ranges, 20);
}

TEST(Plan, LosingQuorumNeedsAcceptanceAndSaysHowMuch) {
  const auto plan = make_plan(kill_of_n2(), FakeImpact::losing_quorum(14));
  EXPECT_EQ(plan.verdict, GuardVerdict::needs_acceptance);
  EXPECT_TRUE(plan.has(Risk::quorum_loss));
  EXPECT_THAT(plan.reasons, ElementsAre(HasSubstr("14 ranges would lose quorum")));
}

TEST(Plan, WhatIsNotKnownNeedsAcceptanceToo) {
  Impact blind;
  blind.reason = "no placement was read yet";
  for (const Result<Impact>& impact :
       {Result<Impact>{blind},
        Result<Impact>{Error{ErrorCode::timeout, "no placement was read yet"}}}) {
    const auto plan = make_plan(kill_of_n2(), impact);
    EXPECT_EQ(plan.verdict, GuardVerdict::needs_acceptance);
    EXPECT_THAT(risks_of(plan), ElementsAre(Risk::unknown_impact));
    EXPECT_THAT(plan.reasons, ElementsAre(HasSubstr("no placement was read yet")));
    EXPECT_FALSE(plan.forecast);
  }
}

TEST(Plan, ATargetWhoseNodeIsNotKnownCannotBeJudgedByTheOthers) {
  auto input = kill_of_n2();
  input.targets.push_back({FaultKind::kill, "n3", "id-n3", {}, ContainerState::running, ""});
  const auto plan = make_plan(input, FakeImpact::harmless());
  EXPECT_TRUE(plan.has(Risk::unknown_impact));
  EXPECT_THAT(plan.reasons, ElementsAre(HasSubstr("which node n3 is")));
}

TEST(Plan, TheExporterIsAskedInItsOwnWords) {
  auto input = kill_of_n2();
  EXPECT_EQ(question_of(input).fault, ImpactFault::kill);
  input.targets[0].kind = FaultKind::restart;
  EXPECT_EQ(question_of(input).fault, ImpactFault::stop);
  input.targets.push_back({FaultKind::stop, "n3", "id-n3", NodeId{3}, ContainerState::running, ""});
  EXPECT_EQ(question_of(input).fault, ImpactFault::stop);
  input.targets[1].kind = FaultKind::pause;
  EXPECT_EQ(question_of(input).fault, ImpactFault::kill) << "a mixture";
}

TEST(Plan, APartitionIsAskedAboutAsOneAndAMixtureAsIfTheNodesWent) {
  auto input = kill_of_n2();
  auto& target = input.targets.front();
  target.kind = FaultKind::net_partition;
  target.cut_from = {NodeId{3}, NodeId{4}};
  EXPECT_EQ(question_of(input),
            (ImpactQuestion{{NodeId{2}}, ImpactFault::partition, {NodeId{3}, NodeId{4}}}));
  target.cut_from.clear();  // A peer whose node is not known.
  EXPECT_EQ(question_of(input), (ImpactQuestion{{NodeId{2}}, ImpactFault::kill, {}}));
  target.kind = FaultKind::net_isolate;
  EXPECT_EQ(question_of(input).fault, ImpactFault::isolate);
  target.kind = FaultKind::restart;
  EXPECT_EQ(question_of(input).fault, ImpactFault::stop);
  target.kind = FaultKind::net_loss;
  EXPECT_EQ(question_of(input).fault, ImpactFault::kill);
  target.kind = FaultKind::net_isolate;
  input.broken_already = {NodeId{4}};
  EXPECT_EQ(question_of(input), (ImpactQuestion{{NodeId{2}, NodeId{4}}, ImpactFault::kill, {}}));
  target.kind = FaultKind::pause;
  EXPECT_EQ(question_of(input), (ImpactQuestion{{NodeId{2}, NodeId{4}}, ImpactFault::pause, {}}));
}

TEST(Plan, WhatIsBrokenAlreadyCounts) {
  auto input = kill_of_n2();
  input.broken_already = {NodeId{4}, NodeId{5}};
  EXPECT_EQ(nodes_of(input), (std::vector{NodeId{2}, NodeId{4}, NodeId{5}}));
  const auto plan = make_plan(input, FakeImpact::harmless());
  EXPECT_EQ(plan.verdict, GuardVerdict::needs_acceptance);
  EXPECT_THAT(plan.reasons, ElementsAre(HasSubstr("3 of 5 nodes")));
}

TEST(Plan, HalfOfTheNodesIsNoMajority) {
  auto input = kill_of_n2();
  input.nodes_known = 2;
  EXPECT_FALSE(make_plan(input, FakeImpact::harmless()).has(Risk::majority_of_nodes));
  input.nodes_known = 0;
  EXPECT_FALSE(make_plan(input, FakeImpact::harmless()).has(Risk::majority_of_nodes))
      << "nobody told how many there are";
}

TEST(Plan, WhatCannotBeDoneIsRefusedWhateverTheRisk) {
  auto input = kill_of_n2();
  input.targets[0].obstacle = "n2 is exited; only a running target can be broken";
  const auto plan = make_plan(input, FakeImpact::losing_quorum());
  EXPECT_EQ(plan.verdict, GuardVerdict::refuse);
  EXPECT_THAT(plan.reasons, ElementsAre(HasSubstr("n2 is exited")));
}

TEST(Plan, AGuardThatOnlyWarnsNamesTheRiskAndAllows) {
  auto input = kill_of_n2();
  input.mode = GuardMode::warn;
  const auto plan = make_plan(input, FakeImpact::losing_quorum());
  EXPECT_EQ(plan.verdict, GuardVerdict::allow);
  EXPECT_TRUE(plan.has(Risk::quorum_loss));
  EXPECT_THAT(plan.reasons, ElementsAre(HasSubstr("lose quorum"), HasSubstr("--guard is warn")));
}

TEST(PlanHash, IsTheSameWhileTheSituationIsAndNotWhenItIsNot) {
  const auto input = kill_of_n2();
  const auto hash = make_plan(input, FakeImpact::losing_quorum(14)).hash;
  EXPECT_EQ(hash.size(), 32U);
  EXPECT_EQ(make_plan(input, FakeImpact::losing_quorum(13)).hash, hash) << "counts move";
  auto no_leases = FakeImpact::losing_quorum(14);
  no_leases.lease_lost = 0;
  EXPECT_EQ(make_plan(input, no_leases).hash, hash) << "nobody is asked about leases";

  EXPECT_NE(make_plan(input, FakeImpact::harmless()).hash, hash);
  auto system = FakeImpact::losing_quorum(14);
  system.system_ranges = {"liveness"};
  EXPECT_NE(make_plan(input, system).hash, hash);
  auto other = input;
  other.targets[0].kind = FaultKind::pause;
  EXPECT_NE(make_plan(other, FakeImpact::losing_quorum(14)).hash, hash);
  other = input;
  other.targets[0].id = "id-of-another-run";
  EXPECT_NE(make_plan(other, FakeImpact::losing_quorum(14)).hash, hash);
  other = input;
  other.broken_already = {NodeId{5}};
  EXPECT_NE(make_plan(other, FakeImpact::losing_quorum(14)).hash, hash);
}

TEST(PlanHash, TheOrderOfTargetsDoesNotMatter) {
  auto input = kill_of_n2();
  input.targets.push_back({FaultKind::kill, "n3", "id-n3", NodeId{3}, ContainerState::running, ""});
  const auto hash = make_plan(input, FakeImpact::harmless()).hash;
  std::swap(input.targets[0], input.targets[1]);
  EXPECT_EQ(make_plan(input, FakeImpact::harmless()).hash, hash);
}

TEST(WorseThan, NamesOnlyRisksThatNobodyAccepted) {
  const auto now = make_plan(kill_of_n2(), FakeImpact::losing_quorum());
  EXPECT_THAT(worse_than(now, {}), HasSubstr("lose quorum"));
  EXPECT_EQ(worse_than(now, {Risk::quorum_loss}), "");
  EXPECT_EQ(worse_than(make_plan(kill_of_n2(), FakeImpact::harmless()), {}), "");
}

TEST(ReadImpact, TakesTheExportersAnswer) {
  const auto impact = read_impact(R"({"v":1,"boot":"b","at_ms":1,"valid":true,"reason":"",
    "placement_age_ms":900,"nodes":[2],"fault":"kill","from":[],"ranges_total":65,"lease_lost":20,
    "quorum_lost":3,"quorum_lost_already":1,"under_replicated":39,"system_ranges":["liveness"],
    "ranges":[],"truncated":false,"can_lose_nodes_after":null,"sentence":"said"})");
  ASSERT_TRUE(impact) << impact.error().message;
  EXPECT_TRUE(impact->valid);
  EXPECT_EQ(impact->quorum_lost, 3);
  EXPECT_EQ(impact->quorum_lost_already, 1);
  EXPECT_THAT(impact->system_ranges, ElementsAre("liveness"));
  EXPECT_FALSE(impact->can_lose_nodes_after);
}

TEST(ReadImpact, TakesTheFixtureThatTheExporterIsHeldTo) {
  const auto text = read_file(std::string{FAULTLINE_SOURCE_DIR} + "/schema/fixtures/impact.json");
  ASSERT_TRUE(text);
  const auto impact = read_impact(*text);
  ASSERT_TRUE(impact) << impact.error().message;
  EXPECT_TRUE(impact->valid);
  EXPECT_GT(impact->ranges_total, 0);
  EXPECT_FALSE(impact->sentence.empty());
}

TEST(ReadImpact, AnInvalidOneNeedsNoCounts) {
  const auto impact = read_impact(R"({"valid":false,"reason":"the placement is too old"})");
  ASSERT_TRUE(impact);
  EXPECT_FALSE(impact->valid);
  EXPECT_EQ(impact->reason, "the placement is too old");
}

TEST(ReadImpact, WhatIsMissingIsNotZero) {
  for (const char* body : {"", "[]", "{}", R"({"valid":true})", R"({"valid":"yes"})",
                           R"({"valid":true,"ranges_total":1,"lease_lost":0,"quorum_lost":"0"})"}) {
    const auto impact = read_impact(body);
    ASSERT_FALSE(impact) << body;
    EXPECT_EQ(impact.error().code, ErrorCode::upstream) << body;
  }
}

}  // namespace
}  // namespace faultline::chaos
