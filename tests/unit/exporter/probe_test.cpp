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
    if (statement.starts_with("CREATE TABLE")) exists = true;
    const bool about_table = statement.find("ledger") != std::string::npos;
    if (statement.starts_with("CREATE DATABASE")) {
      if (may_create_database) has_database = true;
      if (!may_create_database) return Error{ErrorCode::forbidden, "run ALTER USER x CREATEDB"};
    }
    if (about_table && !has_database) return Error{ErrorCode::upstream, "3D000: no database"};
    if (about_table && !exists) return Error{ErrorCode::upstream, "42P01: no such relation"};
    if (verb == "UPSERT") {
      const auto values = statement.substr(statement.find("VALUES"));
      long long node = 0;
      long long slot = 0;
      long long seq = 0;
      EXPECT_EQ(std::sscanf(values.c_str(), "VALUES ('b-1', %lld, %lld, %lld", &node, &slot, &seq),
                3);
      if (!forgets) rows[node][slot] = seq;
    }
    if (verb != "SELECT" || statement.starts_with("SELECT 1")) return sql::Rows{};
    const auto node = std::stoll(statement.substr(statement.rfind('=') + 2));
    sql::Rows found;
    for (const auto& [slot, seq] : rows[node]) {
      found.push_back({std::to_string(slot), std::to_string(seq)});
    }
    return found;
  }

  void drop() {
    exists = has_database = false;
    rows.clear();
  }

  sql::SessionFactory factory() {
    return [this](const std::string& address) -> std::unique_ptr<sql::Session> {
      ++dialled;
      return std::make_unique<Session>(*this, address);
    };
  }

  std::map<std::string, Error> refuses;  ///< By verb, or "door verb".
  bool may_create_database = true;
  bool has_database = false;
  bool exists = false;  ///< The table.
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
  void rounds(int count) {
    for (int i = 0; i < count; ++i) round();
  }
  /// With descriptors that say nothing is unavailable.
  Opinion opinion() {
    observe::Readings readings;
    readings.probe = probe.latest();
    return observe::probe_opinion(readings, {true, 0, "", {}}, clock.wall());
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

TEST_F(ProbeTest, ATableThatSomebodyElseMadeTakesNoPrivilegeToMakeOne) {
  database.has_database = database.exists = true;
  database.refuses = {{"CREATE", {ErrorCode::forbidden, "run ALTER USER x CREATEDB"}}};
  round();
  round();
  EXPECT_EQ(stats(1, ProbeOperation::write).ok, true);
  EXPECT_EQ(probe.latest().health.error, "");
}

TEST_F(ProbeTest, ADatabaseThatSomebodyElseMadeTakesOnlyATable) {
  database.may_create_database = false;
  round();
  EXPECT_THAT(probe.latest().health.error, HasSubstr("ALTER USER x CREATEDB"));
  database.has_database = true;
  clock.passed += seconds{5};
  round();
  round();
  EXPECT_EQ(stats(1, ProbeOperation::write).ok, true);
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

TEST_F(ProbeTest, ATableThatIsDroppedIsMadeAnewAndWhatWasInItIsNotLost) {
  rounds(3);
  database.drop();
  round();
  EXPECT_FALSE(opinion().valid);
  EXPECT_THAT(opinion().reason, HasSubstr("faultline_probe.public.ledger is gone"));
  rounds(100);
  EXPECT_TRUE(database.exists);
  EXPECT_EQ(stats(1, ProbeOperation::write).ok, true);
  EXPECT_TRUE(opinion().valid);
  EXPECT_EQ(opinion().ranges_unavailable, 0);
  EXPECT_EQ(part()->ledger.lost, 0);
  EXPECT_EQ(probe.latest().health.error, "");
}

TEST_F(ProbeTest, WhileNobodyMayMakeTheTableAnewThereIsNoOpinion) {
  round();
  database.drop();
  database.refuses = {{"CREATE", {ErrorCode::forbidden, "the user x may not create it"}}};
  rounds(400);
  EXPECT_EQ(stats(1, ProbeOperation::write).ok, std::nullopt) << "what was before is old";
  EXPECT_FALSE(opinion().valid);
  EXPECT_THAT(opinion().reason, HasSubstr("may not create it"));
}

TEST_F(ProbeTest, WhoIsNotLetInOrMayNotWriteHasNoOpinionAboutTheCluster) {
  for (const char* verb : {"SELECT", "UPSERT"}) {
    for (const Error& error : {Error{ErrorCode::unauthorized, "login refused; check x"},
                               Error{ErrorCode::forbidden, "may not; run GRANT x"},
                               Error{ErrorCode::upstream, "42703: no such column"},
                               Error{ErrorCode::upstream, "XX000: internal error"}}) {
      database.refuses.clear();
      round();
      database.refuses = {{verb, error}};
      rounds(200);
      EXPECT_EQ(stats(1, ProbeOperation::write).ok, false) << verb;
      EXPECT_FALSE(opinion().valid) << verb << " " << error.message;
      EXPECT_THAT(opinion().reason, HasSubstr(error.message));
    }
  }
}

TEST_F(ProbeTest, SilenceBesideALoginThatIsRefusedIsNoOpinionEither) {
  round();
  database.refuses = {{"a:1 SELECT", {ErrorCode::timeout, "no answer from a:1"}},
                      {"b:1 SELECT", {ErrorCode::unauthorized, "login refused"}}};
  rounds(200);
  EXPECT_FALSE(opinion().valid);
  database.refuses.erase("b:1 SELECT");
  round();
  EXPECT_EQ(opinion().ranges_unavailable, 0) << "one that works settles it";
}

TEST_F(ProbeTest, AfterAHindranceTheHoldBeginsAnew) {
  round();
  database.refuses = {{"SELECT", {ErrorCode::unauthorized, "login refused"}}};
  rounds(200);
  database.refuses = {{"SELECT", {ErrorCode::timeout, "no answer"}}};
  round();
  EXPECT_FALSE(opinion().valid) << "the first silence after a long time may pass";
  rounds(60);
  EXPECT_EQ(opinion().ranges_unavailable, 1);
}

TEST_F(ProbeTest, AClusterThatIsSilentFromTheStartIsHeldToo) {
  database.refuses = {{"SELECT", {ErrorCode::unavailable, "connection refused"}}};
  round();
  EXPECT_FALSE(opinion().valid);
  rounds(60);
  EXPECT_EQ(opinion().ranges_unavailable, 1);
}

TEST(Hindrance, IsWhatSaysNothingOfTheCluster) {
  for (const char* trouble : {"57014: timeout", "40003: ambiguous", "58C00: lost quorum",
                              "XXUUU: lost quorum", "57P01: shutting down"}) {
    EXPECT_EQ(hindrance_of({ErrorCode::upstream, trouble}), "") << trouble;
  }
  EXPECT_EQ(hindrance_of({ErrorCode::timeout, "no answer"}), "");
  EXPECT_EQ(hindrance_of({ErrorCode::unavailable, "the connection broke"}), "");
  EXPECT_THAT(hindrance_of({ErrorCode::upstream, "3D000: no database"}), HasSubstr("made again"));
  EXPECT_THAT(hindrance_of({ErrorCode::upstream, "42703: no column"}), HasSubstr("Drop it"));
  EXPECT_EQ(hindrance_of({ErrorCode::unauthorized, "login refused"}), "login refused");
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
