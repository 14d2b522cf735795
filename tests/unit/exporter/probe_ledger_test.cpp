#include "exporter/sources/probe_ledger.hpp"

#include <random>
#include <set>

#include <gtest/gtest.h>

namespace faultline::sources {
namespace {

using std::chrono::seconds;
using Found = std::map<std::int64_t, std::int64_t>;

constexpr NodeId kOwner{3};

struct LedgerTest : testing::Test {
  ProbeWrite write(WriteEnd end) {
    const auto sent = ledger.begin_write(kOwner);
    ledger.end_write(sent, end, now);
    return sent;
  }
  void read(const Found& found) { ledger.settle(ledger.expect(kOwner), found, now); }

  ProbeLedger ledger;
  WallTime now = from_ms(1'000'000);
};

TEST_F(LedgerTest, AnAcknowledgedWriteThatIsReadBackIsNothingSpecial) {
  const auto sent = write(WriteEnd::acknowledged);
  read({{sent.slot, sent.seq}});
  EXPECT_EQ(ledger.counts(), (LedgerCounts{.acknowledged = 1}));
}

TEST_F(LedgerTest, AnAcknowledgedWriteThatIsNotThereIsLostAndCountedOnce) {
  const auto sent = write(WriteEnd::acknowledged);
  read({{sent.slot, sent.seq - 1}});
  read({});
  EXPECT_EQ(ledger.counts().lost, 1);
}

TEST_F(LedgerTest, ARefusedWriteThatIsThereIsAPhantom) {
  const auto sent = write(WriteEnd::refused);
  read({});
  EXPECT_EQ(ledger.counts().phantom, 0);
  read({{sent.slot, sent.seq}});
  read({{sent.slot, sent.seq}});
  EXPECT_EQ(ledger.counts().phantom, 1);
}

TEST_F(LedgerTest, AnAmbiguousWriteIsOpenUntilItIsFoundOrTheWatchIsOver) {
  const auto late = write(WriteEnd::ambiguous);
  const auto never = write(WriteEnd::ambiguous);
  now += seconds{25};
  read({{late.slot, late.seq}});
  EXPECT_EQ(ledger.counts().landed, 1);
  EXPECT_EQ(ledger.counts().unresolved, 1);
  now += ProbeLedger::kWatch;
  EXPECT_EQ(ledger.counts().unresolved, 1) << "only reading resolves";
  read({{late.slot, late.seq}});
  EXPECT_EQ(ledger.counts().absent, 1);
  EXPECT_EQ(ledger.counts().unresolved, 0);
  EXPECT_EQ(ledger.counts().lost, 0);
  static_cast<void>(never);
}

TEST_F(LedgerTest, WhatLandedAfterAllAndIsGoneAgainIsLost) {
  const auto sent = write(WriteEnd::ambiguous);
  read({{sent.slot, sent.seq}});
  read({});
  EXPECT_EQ(ledger.counts().lost, 1);
}

TEST_F(LedgerTest, ASlotWithAnOpenQuestionIsLeftAlone) {
  const auto open = write(WriteEnd::ambiguous);
  for (std::int64_t i = 0; i < 3 * ProbeLedger::kSlots; ++i) {
    EXPECT_NE(write(WriteEnd::acknowledged).slot, open.slot);
  }
}

TEST_F(LedgerTest, WithATableThatIsGoneNothingIsLostAndNothingIsOpen) {
  const auto kept = write(WriteEnd::acknowledged);
  write(WriteEnd::ambiguous);
  const auto before = ledger.expect(kOwner);
  const auto on_its_way = ledger.begin_write(kOwner);
  ledger.forget();
  ledger.end_write(on_its_way, WriteEnd::acknowledged, now);
  ledger.settle(before, {}, now);
  read({});
  EXPECT_EQ(ledger.counts(), (LedgerCounts{.acknowledged = 2, .ambiguous = 1}));
  const auto next = write(WriteEnd::acknowledged);
  read({{kept.slot, kept.seq}});
  EXPECT_EQ(ledger.counts().lost, 1) << "the account goes on with what is written now";
  static_cast<void>(next);
}

TEST_F(LedgerTest, WithTooManyOpenTheNextAreCountedAndNotReadBackUntilSomeAreResolved) {
  std::map<std::int64_t, std::int64_t> landed;
  for (std::int64_t i = 0; i < ProbeLedger::kUnresolvedMax; ++i) {
    const auto sent = write(WriteEnd::ambiguous);
    landed[sent.slot] = sent.seq;
  }
  EXPECT_EQ(write(WriteEnd::ambiguous).slot, ProbeLedger::kUnwatched);
  EXPECT_EQ(write(WriteEnd::acknowledged).slot, ProbeLedger::kUnwatched);
  EXPECT_EQ(write(WriteEnd::refused).slot, ProbeLedger::kUnwatched);
  EXPECT_EQ(ledger.counts().ambiguous, ProbeLedger::kUnresolvedMax + 1);
  EXPECT_EQ(ledger.counts().unresolved, ProbeLedger::kUnresolvedMax);
  EXPECT_EQ(ledger.counts().acknowledged, 1);
  EXPECT_EQ(ledger.counts().refused, 1);
  landed[ProbeLedger::kUnwatched] = 4711;
  read(landed);
  EXPECT_EQ(ledger.counts().unresolved, 0);
  EXPECT_LT(write(WriteEnd::acknowledged).slot, ProbeLedger::kSlots);
}

TEST_F(LedgerTest, WhatIsWrittenWhileAReadIsOnItsWayIsNotJudgedByIt) {
  const auto first = write(WriteEnd::acknowledged);
  const auto before = ledger.expect(kOwner);
  const auto sent = write(WriteEnd::acknowledged);
  ledger.settle(before, {{first.slot, first.seq}}, now);
  EXPECT_EQ(ledger.counts().lost, 0);
  read({{first.slot, first.seq}});
  EXPECT_EQ(ledger.counts().lost, 1) << "this read began after it";
  static_cast<void>(sent);
}

TEST_F(LedgerTest, ALateComerOverASlotThatWasGivenUpIsNoLoss) {
  const auto given_up = write(WriteEnd::ambiguous);
  now += ProbeLedger::kWatch;
  read({});
  ProbeWrite reused;
  do {
    reused = write(WriteEnd::acknowledged);
  } while (reused.slot != given_up.slot);
  Found rows;
  for (const auto& slot : ledger.expect(kOwner).slots) rows[slot.slot] = slot.seq;
  rows[given_up.slot] = given_up.seq;
  read(rows);
  EXPECT_EQ(ledger.counts().lost, 0);
}

TEST(JudgeWrite, OnlyAClearNoIsARefusal) {
  const auto end = [](const char* text) { return judge_write({ErrorCode::upstream, text}); };
  EXPECT_EQ(end("42P01: relation does not exist"), WriteEnd::refused);
  EXPECT_EQ(end("25006: read-only"), WriteEnd::refused);
  EXPECT_EQ(end("40001: restart transaction"), WriteEnd::refused);
  EXPECT_EQ(end("40003: result is ambiguous"), WriteEnd::ambiguous);
  EXPECT_EQ(end("57014: query execution canceled due to statement timeout"), WriteEnd::ambiguous);
  EXPECT_EQ(end("58C00: lost quorum"), WriteEnd::ambiguous);
  EXPECT_EQ(end("57P01: server is shutting down"), WriteEnd::ambiguous);
  EXPECT_EQ(end("XX000: internal"), WriteEnd::ambiguous);
  EXPECT_EQ(end(""), WriteEnd::ambiguous);
  EXPECT_EQ(judge_write({ErrorCode::forbidden, "the user x may not"}), WriteEnd::refused);
  EXPECT_EQ(judge_write({ErrorCode::unauthorized, "no login"}), WriteEnd::ambiguous);
  EXPECT_EQ(judge_write({ErrorCode::timeout, "no answer"}), WriteEnd::ambiguous);
  EXPECT_EQ(judge_write({ErrorCode::unavailable, "the connection broke"}), WriteEnd::ambiguous);
}

/// A table that does what it says, or cheats, with writes that may land late; and the
/// truth about each write, which the ledger must find out by reading.
struct Model {
  explicit Model(std::uint32_t seed) : random(seed) {}

  bool chance(int percent) { return std::uniform_int_distribution<int>{1, 100}(random) <= percent; }

  void land_late() {
    std::erase_if(under_way, [&](const auto& late) {
      if (late.first > now) return false;
      rows[late.second.owner][late.second.slot] = late.second.seq;
      return true;
    });
  }

  void write(NodeId owner) {
    const auto sent = ledger.begin_write(owner);
    auto& row = rows[owner][sent.slot];
    const bool watched = sent.slot != ProbeLedger::kUnwatched;
    if (chance(outage)) {
      const auto fate = std::uniform_int_distribution<int>{0, 2}(random);
      if (fate == 0) row = sent.seq;
      const auto delay = milliseconds{std::uniform_int_distribution<int>{0, 60'000}(random)};
      if (fate == 1) under_way.emplace_back(now + delay, sent);
      if (!watched) ++unwatched;
      return ledger.end_write(sent, WriteEnd::ambiguous, now);
    }
    if (chance(5)) {
      if (cheats && watched && chance(30)) {
        row = sent.seq;
        phantoms.insert(sent.seq);
      }
      return ledger.end_write(sent, WriteEnd::refused, now);
    }
    const auto before = row;
    row = sent.seq;
    ledger.end_write(sent, WriteEnd::acknowledged, now);
    if (cheats && watched && chance(2)) {
      row = before;
      losses.insert(sent.seq);
    }
  }

  void read(NodeId owner) {
    const auto expected = ledger.expect(owner);
    const auto found = rows[owner];
    if (chance(30)) write(owner);  // While the read is on its way.
    ledger.settle(expected, found, now);
  }

  void play(int steps) {
    for (int step = 0; step < steps; ++step) {
      now += milliseconds{250};
      if (chance(1)) outage = chance(60) ? 0 : 80;
      land_late();
      const NodeId owner{std::uniform_int_distribution<int>{1, 3}(random)};
      write(owner);
      for (int reader = 1; reader <= 3; ++reader) read(NodeId{reader});
    }
    outage = 0;
    now += seconds{200};
    land_late();
    for (int reader = 1; reader <= 3; ++reader) read(NodeId{reader});
  }

  std::mt19937 random;
  bool cheats = false;
  int outage = 0;  ///< Percent of writes that get no answer.
  WallTime now = from_ms(1'000'000);
  ProbeLedger ledger;
  std::map<NodeId, Found> rows;
  std::vector<std::pair<WallTime, ProbeWrite>> under_way;
  std::int64_t unwatched = 0;  ///< Of those without an answer.
  std::set<std::int64_t> losses;
  std::set<std::int64_t> phantoms;
};

TEST(LedgerModel, AnHonestDatabaseLosesNothingHoweverLateItsWritesLand) {
  std::int64_t ambiguous = 0;
  std::int64_t unwatched = 0;
  for (std::uint32_t seed = 1; seed <= 25; ++seed) {
    Model model{seed};
    model.play(1'000);
    const auto counts = model.ledger.counts();
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_EQ(counts.lost, 0);
    ASSERT_EQ(counts.phantom, 0);
    ASSERT_EQ(counts.unresolved, 0);
    ASSERT_EQ(counts.landed + counts.absent + model.unwatched, counts.ambiguous);
    unwatched += model.unwatched;
    ambiguous += counts.ambiguous;
  }
  EXPECT_GT(ambiguous, 500);
  EXPECT_GT(unwatched, 0) << "some outage must be longer than the account";
}

TEST(LedgerModel, ACheatIsFoundOutWriteByWrite) {
  std::size_t cheated = 0;
  for (std::uint32_t seed = 1; seed <= 25; ++seed) {
    Model model{seed};
    model.cheats = true;
    model.play(1'000);
    const auto counts = model.ledger.counts();
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_EQ(counts.lost, static_cast<std::int64_t>(model.losses.size()));
    ASSERT_EQ(counts.phantom, static_cast<std::int64_t>(model.phantoms.size()));
    cheated += model.losses.size() + model.phantoms.size();
  }
  EXPECT_GT(cheated, 150U);
}

}  // namespace
}  // namespace faultline::sources
