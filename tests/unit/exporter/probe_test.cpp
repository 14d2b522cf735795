#include "exporter/sources/probe.hpp"

#include <gmock/gmock.h>

#include "exporter/observe/probe_view.hpp"

namespace faultline::sources {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

struct HandClock final : Clock {
  [[nodiscard]] WallTime wall() const override { return from_ms(1'000'000) + passed; }
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime{} + passed; }
  milliseconds passed{1'000};
};

/// A database of one table, with as many doors as there are nodes.
struct ProbedDatabase {
  struct Session final : sql::Session {
    Session(ProbedDatabase& owner, std::string to) : database(owner), door(std::move(to)) {}
    Result<sql::Rows> query(const std::string& statement, Deadline deadline) override {
      return database.answer(door, statement, deadline);
    }
    std::int64_t generation() const override { return 1; }
    ProbedDatabase& database;
    std::string door;
  };

  Result<sql::Rows> answer(const std::string& door, const std::string& statement, Deadline) {
    asked.push_back(door + " " + statement);
    const auto verb = statement.substr(0, statement.find(' '));
    if (const auto no = refuses.find(verb); no != refuses.end()) return no->second;
    if (const auto no = refuses.find(door + " " + verb); no != refuses.end()) return no->second;
    if (verb == "UPSERT") {
      const auto values = statement.substr(statement.find("VALUES"));
      long long node = 0;
      long long slot = 0;
      long long seq = 0;
      EXPECT_EQ(std::sscanf(values.c_str(), "VALUES ('b-1', %lld, %lld, %lld", &node, &slot, &seq),
                3);
      if (!forgets) rows[node][slot] = seq;
    }
    if (verb != "SELECT" || statement == "SELECT 1") return sql::Rows{};
    const auto node = std::stoll(statement.substr(statement.rfind('=') + 2));
    sql::Rows found;
    for (const auto& [slot, seq] : rows[node]) {
      found.push_back({std::to_string(slot), std::to_string(seq)});
    }
    return found;
  }

  sql::SessionFactory factory() {
    return [this](const std::string& address) -> std::unique_ptr<sql::Session> {
      ++dialled;
      return std::make_unique<Session>(*this, address);
    };
  }

  std::map<std::string, Error> refuses;  ///< By verb, or "door verb".
  bool forgets = false;
  std::map<long long, std::map<long long, long long>> rows;
  std::vector<std::string> asked;
  int dialled = 0;
};

struct ProbeTest : testing::Test {
  ProbeTest() {
    roster.set(
        {{NodeId{1}, "a:1", {}, Answering::ready}, {NodeId{2}, "b:1", {}, Answering::ready}});
  }
  /// Rounds until nobody is due.
  void round() {
    clock.passed += milliseconds{250};
    while (probe.step() <= clock.steady()) {
    }
  }
  std::shared_ptr<const ProbePart> part() { return probe.latest().part; }
  const OperationStats& stats(std::int64_t node, ProbeOperation operation) {
    kept = part();
    return kept->nodes.at(NodeId{node}).of(operation);
  }

  HandClock clock;
  ProbedDatabase database;
  Roster roster{{}, {}};
  int changes = 0;
  std::shared_ptr<const ProbePart> kept;
  Probe probe{{milliseconds{250}, milliseconds{2'000}, "b-1"},
              {roster, database.factory(), database.factory(), clock, [this] { ++changes; }},
              make_logger("test")};
};

TEST_F(ProbeTest, EachNodeIsAskedForAllThreeOnASessionThatStays) {
  round();
  round();
  for (const std::int64_t node : {1, 2}) {
    for (const auto operation :
         {ProbeOperation::select, ProbeOperation::write, ProbeOperation::read}) {
      EXPECT_EQ(stats(node, operation).ok, true);
      EXPECT_EQ(stats(node, operation).worked, 2);
    }
  }
  EXPECT_EQ(database.dialled, 3) << "one for each node, and one to make the table";
  EXPECT_EQ(part()->ledger.acknowledged, 4);
  EXPECT_EQ(part()->ledger.lost, 0);
  EXPECT_EQ(changes, 2) << "only what changes is told";
}

TEST_F(ProbeTest, TheTableIsMadeOnceAndAFailureToMakeItIsToldAndTriedAgain) {
  database.refuses = {{"CREATE", {ErrorCode::upstream, "42501: user x may not"}}};
  round();
  EXPECT_THAT(probe.latest().health.error, HasSubstr("cannot make faultline_probe"));
  EXPECT_EQ(stats(1, ProbeOperation::select).ok, true);
  EXPECT_EQ(stats(1, ProbeOperation::write).ok, std::nullopt) << "never tried";
  const auto asked = database.asked.size();
  round();
  EXPECT_EQ(database.asked.size(), asked + 2) << "SELECT 1 alone, for some seconds";
  database.refuses.clear();
  clock.passed += seconds{5};
  round();
  round();
  EXPECT_EQ(stats(1, ProbeOperation::write).ok, true);
  EXPECT_TRUE(probe.latest().health.ok);
  EXPECT_EQ(probe.latest().health.error, "");
}

TEST_F(ProbeTest, ASilentNodeFailsAloneAndWithoutWritesThatWereNeverSent) {
  round();
  database.refuses = {{"b:1 SELECT", {ErrorCode::timeout, "no answer from b:1"}}};
  round();
  EXPECT_EQ(stats(1, ProbeOperation::write).ok, true);
  EXPECT_EQ(stats(2, ProbeOperation::write).ok, false);
  EXPECT_EQ(part()->nodes.at(NodeId{2}).reason, "select: no answer from b:1");
  EXPECT_EQ(part()->nodes.at(NodeId{2}).failing_since, clock.wall());
  EXPECT_EQ(part()->ledger.ambiguous, 0);
  database.refuses.clear();
  round();
  EXPECT_EQ(part()->nodes.at(NodeId{2}).failing_since, std::nullopt);
  EXPECT_EQ(part()->nodes.at(NodeId{2}).reason, "");
}

TEST_F(ProbeTest, AWriteWithoutAnAnswerIsAmbiguousAndResolvedByReadingBack) {
  round();
  database.refuses = {{"UPSERT", {ErrorCode::upstream, "57014: canceled"}}};
  round();
  EXPECT_EQ(part()->ledger.unresolved, 2);
  EXPECT_EQ(part()->ledger.acknowledged, 2);
  database.refuses.clear();
  for (auto& [node, slots] : database.rows) slots[1] = node + 2;  // They land late.
  round();
  EXPECT_EQ(part()->ledger.landed, 2);
  EXPECT_EQ(part()->ledger.unresolved, 0);
}

TEST_F(ProbeTest, WhatTheDatabaseForgetsIsLost) {
  database.forgets = true;
  round();
  round();
  EXPECT_GT(part()->ledger.lost, 0);
}

TEST_F(ProbeTest, ANodeThatIsGoneIsNotProbedAnyMore) {
  round();
  roster.set({{NodeId{1}, "a:1", {}, Answering::ready}});
  round();
  EXPECT_EQ(part()->nodes.size(), 1U);
}

TEST_F(ProbeTest, TheOpinionNeverSaysNoneAloneAndHoldsItsAlarm) {
  const auto opinion = [&](const Opinion& computed) {
    observe::Readings readings;
    readings.probe = probe.latest();
    return observe::probe_opinion(readings, computed, clock.wall());
  };
  const Opinion none{true, 0, "", {}};
  const Opinion some{true, 14, "", {}};
  EXPECT_FALSE(opinion(none).valid) << "not written yet";
  round();
  EXPECT_TRUE(opinion(none).valid);
  EXPECT_EQ(opinion(none).ranges_unavailable, 0);
  EXPECT_FALSE(opinion(some).valid);
  EXPECT_FALSE(opinion({}).valid) << "nobody knows of the others";
  database.refuses = {{"UPSERT", {ErrorCode::upstream, "57014: canceled"}}};
  for (int i = 0; i < 59; ++i) round();
  EXPECT_FALSE(opinion(none).valid) << opinion(none).reason;
  round();
  EXPECT_TRUE(opinion(none).valid);
  EXPECT_EQ(opinion(none).ranges_unavailable, 1);
  database.refuses.clear();
  round();
  EXPECT_EQ(opinion(none).ranges_unavailable, 0);
}

}  // namespace
}  // namespace faultline::sources
