#include "chaosd/service/outcome.hpp"

#include <gmock/gmock.h>

#include "chaosd/service/score.hpp"
#include "chaosd/service/vigil.hpp"
#include "tests/unit/chaosd/api_under_test.hpp"
#include "tests/unit/chaosd/fake_impact.hpp"
#include "tests/unit/chaosd/fake_sight.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Error kAway{ErrorCode::timeout, "the exporter does not answer"};

ClusterSight seeing(VerdictState verdict, std::optional<std::int64_t> unavailable,
                    std::optional<std::int64_t> under, std::optional<std::int64_t> can_lose) {
  ClusterSight sight;
  sight.verdict = verdict;
  sight.ranges_unavailable = unavailable;
  sight.under_replicated = under;
  sight.can_lose_nodes = can_lose;
  return sight;
}

TEST(AnOutcome, KeepsTheWorstAndWhatWasNeverToldStaysUnknown) {
  Outcome outcome;
  add_look(outcome, seeing(VerdictState::available, std::nullopt, std::nullopt, 1), 500ms);
  EXPECT_FALSE(outcome.ranges_unavailable);
  EXPECT_FALSE(outcome.under_replicated);
  add_look(outcome, seeing(VerdictState::degraded, 0, 39, 0), 500ms);
  add_look(outcome, seeing(VerdictState::unavailable, 12, 20, std::nullopt), 500ms);
  add_look(outcome, seeing(VerdictState::degraded, 0, 5, 0), 500ms);
  EXPECT_EQ(outcome.ranges_unavailable, 12);
  EXPECT_EQ(outcome.under_replicated, 39);
  EXPECT_EQ(outcome.can_lose_nodes, 0);
  EXPECT_THAT(outcome.verdicts, ElementsAre(VerdictState::available, VerdictState::degraded,
                                            VerdictState::unavailable));
  EXPECT_EQ(outcome.watched, 2s);
}

TEST(AnOutcome, TakesNoCountsWhileTheHeadlineSettles) {
  Outcome outcome;
  add_look(outcome, seeing(VerdictState::settling, 65, 65, 0), 500ms);
  EXPECT_FALSE(outcome.ranges_unavailable);
  EXPECT_THAT(outcome.verdicts, ElementsAre(VerdictState::settling));
  EXPECT_EQ(outcome.watched, 500ms);
}

TEST(AnOutcome, IsNotWatchedWhileTheExporterTellsNothing) {
  Outcome outcome;
  add_look(outcome, kAway, 500ms);
  add_look(outcome, seeing(VerdictState::unknown, 0, 0, 0), 500ms);
  EXPECT_EQ(outcome.watched, 0ms);
  EXPECT_FALSE(outcome.ranges_unavailable);
  add_look(outcome, kAway, 500ms);
  EXPECT_EQ(outcome.blind, "the exporter does not answer");
}

/// In effect for a minute, foretold to cost nothing, and watched all the time.
FaultRecord scored() {
  FaultRecord record;
  record.view.state = FaultState::reverted;
  record.view.active_at = from_ms(1'000'000);
  record.view.ended_at = from_ms(1'060'000);
  record.plan = PlanNote{"h", "allow", false, 20, 0, 39, "said", 0, 0};
  record.outcome.emplace();
  record.outcome->ranges_unavailable = 0;
  record.outcome->watched = 59s;
  record.outcome->complete = true;
  return record;
}

TEST(AScore, SaysAsForetoldBetterOrWorse) {
  auto record = scored();
  EXPECT_EQ(score(record, {}), "as foretold");
  record.outcome->ranges_unavailable = 12;
  EXPECT_EQ(score(record, {}), "worse: 12 ranges without quorum at the worst, 0 foretold");
  record.outcome->together_with = {{"f-2"}};
  EXPECT_THAT(score(record, {}), HasSubstr("open meanwhile: f-2"));
  record.outcome->together_with.clear();
  record.plan->quorum_lost = 20;
  EXPECT_EQ(score(record, {}), "better: 12 ranges without quorum at the worst, 20 foretold");
  record.plan->quorum_lost = 5;
  record.plan->quorum_lost_already = 7;
  EXPECT_EQ(score(record, {}), "as foretold") << "what was lost before is not its doing";
}

TEST(AScore, IsUnknownWhereNobodyToldOrNobodyForetold) {
  auto record = scored();
  record.outcome->watched = 50s;
  EXPECT_EQ(score(record, {}), "unknown: the exporter told of 50 s of 60 s; as foretold in these");
  record.outcome->ranges_unavailable = 3;
  EXPECT_THAT(score(record, {}), StartsWith("worse")) << "seen is seen";
  record.outcome->ranges_unavailable.reset();
  EXPECT_THAT(score(record, {}), StartsWith("unknown: the exporter told nothing"));
  record.outcome.reset();
  EXPECT_THAT(score(record, {}), StartsWith("unknown: the exporter told nothing"));
  record.plan->quorum_lost.reset();
  EXPECT_EQ(score(record, {}), "unknown: nothing was foretold");
  record.plan.reset();
  EXPECT_EQ(score(record, {}), "unknown: it was injected without a plan");
  record.view.active_at.reset();
  EXPECT_EQ(score(record, {}), "");
}

TEST(AScore, IsOnlySoFarWhileTheFaultIsOpen) {
  auto record = scored();
  record.view.state = FaultState::active;
  record.view.ended_at.reset();
  EXPECT_EQ(score(record, from_ms(1'060'000)), "as foretold so far");
  EXPECT_THAT(score(record, from_ms(1'070'000)), StartsWith("unknown")) << "nobody looks any more";
}

TEST(AnOutcome, IsReadBackFromTheJournalAndABrokenOneCostsOnlyItself) {
  auto record = scored();
  record.view.id = {"f-1"};
  record.outcome->verdicts = {VerdictState::degraded};
  record.outcome->blind = "why";
  record.outcome->together_with = {{"f-2"}};
  const auto back = read_journal(journal_line(record)).records.at(0);
  ASSERT_TRUE(back.outcome);
  EXPECT_TRUE(same_facts(*back.outcome, *record.outcome));
  EXPECT_EQ(back.outcome->watched, 59s);
  EXPECT_EQ(back.plan->quorum_lost_already, 0);
  record.outcome.reset();
  EXPECT_FALSE(read_journal(journal_line(record)).records.at(0).outcome);
}

/// One life under a guard that enforces, looked at by a vigil.
class Scored : public ApiTest {
 protected:
  Scored() { life->meet_nodes(); }
  FaultId inject(const std::string& target) {
    Guard guard{GuardMode::enforce, life->service, life->board, life->ledger(), &impact, clock};
    const auto done = guard.inject({{request_for(FaultKind::pause, target)}});
    EXPECT_TRUE(done && !done->faults.empty());
    life->work();
    return done && !done->faults.empty() ? done->faults.front().id : FaultId{};
  }
  Vigil watcher() {
    return Vigil{GuardMode::enforce, life->ledger(), life->board,    impact, sight,
                 life->feed,         clock,          silent_logger()};
  }
  /// Time passes, with a look twice a second.
  void watch(Vigil& vigil, milliseconds time) {
    for (; time > 0ms; time -= Vigil::kEvery) {
      clock.advance(Vigil::kEvery);
      life->work();
      vigil.step();
    }
  }
  nlohmann::json told(const FaultId& id) {
    return json_of(call("GET", std::string{kFaults} + "/" + id.value));
  }

  FakeImpact impact;
  FakeSight sight;
};

TEST_F(Scored, TheForecastIsHeldAgainstWhatTheExporterSaw) {
  const auto id = inject("n2");
  EXPECT_EQ(told(id)["forecast"]["under_replicated"], 39);
  EXPECT_EQ(told(id)["forecast"]["can_lose_nodes_after"], 0);
  EXPECT_TRUE(told(id)["outcome"].is_null());
  auto vigil = watcher();
  watch(vigil, 20s);
  EXPECT_EQ(told(id)["score"], "as foretold so far");
  sight.answer = seeing(VerdictState::unavailable, 12, 65, std::nullopt);
  watch(vigil, 10s);
  EXPECT_THAT(told(id)["score"].get<std::string>(), StartsWith("worse so far: 12 ranges"));
  sight.answer = FakeSight::calm();
  watch(vigil, 40s);
  const auto ended = told(id);
  EXPECT_EQ(ended["state"], "reverted");
  EXPECT_THAT(ended["score"].get<std::string>(), StartsWith("worse: 12 ranges"));
  EXPECT_EQ(ended["outcome"]["ranges_unavailable"], 12);
  EXPECT_EQ(ended["outcome"]["under_replicated"], 65);
  EXPECT_THAT(ended["outcome"]["verdicts"], ElementsAre("degraded", "unavailable"));
  const int looks = sight.looks;
  watch(vigil, 5s);
  EXPECT_EQ(sight.looks, looks) << "after one look beyond its end it is complete";
}

TEST_F(Scored, AnExporterThatIsAwayMakesItUnknownAndNotZero) {
  const auto id = inject("n2");
  sight.answer = kAway;
  auto vigil = watcher();
  watch(vigil, 80s);
  const auto ended = told(id);
  EXPECT_EQ(ended["state"], "reverted");
  EXPECT_TRUE(ended["outcome"]["ranges_unavailable"].is_null());
  EXPECT_EQ(ended["outcome"]["watched_ms"], 0);
  EXPECT_EQ(ended["outcome"]["blind"], "the exporter does not answer");
  EXPECT_THAT(ended["score"].get<std::string>(), StartsWith("unknown"));
}

TEST_F(Scored, WhatWasSeenSurvivesARestartOfChaosd) {
  const auto id = inject("n2");
  auto vigil = watcher();
  sight.answer = seeing(VerdictState::unavailable, 3, 7, 0);
  watch(vigil, 5s);
  const auto kept = begin().service.record(id);
  ASSERT_TRUE(kept && kept->outcome);
  EXPECT_EQ(kept->outcome->ranges_unavailable, 3);
  EXPECT_EQ(kept->plan->can_lose_nodes_after, 0);
}

TEST_F(Scored, OthersThatWereOpenMeanwhileAreNamed) {
  const auto first = inject("n2");
  life->inject(FaultKind::cpu_throttle, "n3");
  life->work();
  auto vigil = watcher();
  watch(vigil, 1s);
  EXPECT_EQ(told(first)["outcome"]["together_with"].size(), 1U);
}

TEST_F(Scored, ALookWhileAWorkerHasTheFaultIsNotLost) {
  const auto id = inject("n2");
  ASSERT_TRUE(life->service.undo(id));
  const auto job = life->ledger().claim(Lane::any);
  ASSERT_TRUE(job);
  auto vigil = watcher();
  vigil.step();
  ASSERT_TRUE(life->ledger().commit(job->record));
  EXPECT_TRUE(life->service.record(id)->outcome);
}

}  // namespace
}  // namespace faultline::chaos
