#include "chaosd/service/journal.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"
#include "tests/unit/chaosd/full_disk.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;

FaultRecord record_of(const std::string& id, FaultState state) {
  FaultRecord record;
  record.view.id.value = id;
  record.view.kind = FaultKind::stop;
  record.view.state = state;
  record.view.target = "n2";
  record.view.node_id = NodeId{2};
  record.view.reason = "because \"ü\"";
  record.view.created_at = from_ms(1000);
  record.view.active_at = from_ms(2000);
  record.view.expires_at = from_ms(61'000);
  record.target_id = "id-n2";
  record.instance = "run-1";
  record.touched_instance = "run-1/0";
  record.grace = 7s;
  record.deadline = {"boot-1", 5000ms};
  return record;
}

std::string text_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(JournalLines, KeepEverythingThatHealingNeeds) {
  const auto contents = read_journal(journal_line(record_of("f-1", FaultState::active)));
  ASSERT_EQ(contents.records.size(), 1U);
  const auto& read = contents.records[0];
  EXPECT_EQ(read.view.id.value, "f-1");
  EXPECT_EQ(read.view.kind, FaultKind::stop);
  EXPECT_EQ(read.view.state, FaultState::active);
  EXPECT_EQ(read.view.target, "n2");
  EXPECT_EQ(read.view.node_id, NodeId{2});
  EXPECT_EQ(read.view.reason, "because \"ü\"");
  EXPECT_EQ(read.view.active_at, from_ms(2000));
  EXPECT_EQ(read.view.expires_at, from_ms(61'000));
  EXPECT_EQ(read.target_id, "id-n2");
  EXPECT_EQ(read.instance, "run-1");
  EXPECT_EQ(read.touched_instance, "run-1/0");
  EXPECT_EQ(read.grace, 7s);
  EXPECT_EQ(read.deadline.boot_id, "boot-1");
  EXPECT_EQ(read.deadline.since_boot, 5000ms);
}

TEST(JournalLines, TheLastWordOnAFaultCounts) {
  const auto contents = read_journal(journal_line(record_of("f-1", FaultState::queued)) +
                                     journal_line(record_of("f-2", FaultState::queued)) +
                                     journal_line(record_of("f-1", FaultState::active)));
  ASSERT_EQ(contents.records.size(), 2U);
  EXPECT_EQ(contents.records[0].view.state, FaultState::active);
  EXPECT_EQ(contents.records[1].view.state, FaultState::queued);
}

TEST(JournalLines, ATailTornAtAnyByteLosesOnlyItself) {
  const std::string whole = journal_line(record_of("f-1", FaultState::active));
  const std::string last = journal_line(record_of("f-2", FaultState::queued));
  for (std::size_t kept = 0; kept < last.size(); ++kept) {
    const auto contents = read_journal(whole + last.substr(0, kept));
    ASSERT_EQ(contents.records.size(), 1U) << kept;
    EXPECT_EQ(contents.torn_tail, kept > 0);
    EXPECT_EQ(contents.corrupt_lines, 0);
  }
}

TEST(JournalLines, AnyFlippedByteIsNoticedAndCostsOneLine) {
  const std::string first = journal_line(record_of("f-1", FaultState::active));
  const std::string second = journal_line(record_of("f-2", FaultState::active));
  for (std::size_t at = 0; at + 1 < first.size(); ++at) {
    std::string damaged = first;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const auto contents = read_journal(damaged + second);
    ASSERT_EQ(contents.records.size(), 1U) << at;
    EXPECT_EQ(contents.records[0].view.id.value, "f-2");
    EXPECT_EQ(contents.corrupt_lines, 1);
  }
}

TEST(JournalLines, RubbishIsNoRecord) {
  for (const char* text : {"\n", "rubbish\n", "00000000 {}\n", "{\"fault\":{}}\n", "\0\0\0\n"}) {
    EXPECT_TRUE(read_journal(text).records.empty());
  }
}

TEST(JournalFile, WhatWasAppendedIsThereAfterwards) {
  TemporaryFolder folder;
  {
    auto opened = Journal::open(folder.path(), 10);
    ASSERT_TRUE(opened);
    ASSERT_TRUE(opened->journal.append(record_of("f-1", FaultState::active)));
  }
  const auto again = Journal::open(folder.path(), 10);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->contents.records.size(), 1U);
}

TEST(JournalFile, OpeningCompactsAndKeepsEveryOpenFault) {
  TemporaryFolder folder;
  {
    auto opened = Journal::open(folder.path(), 10);
    ASSERT_TRUE(opened);
    ASSERT_TRUE(opened->journal.append(record_of("f-open", FaultState::active)));
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(
          opened->journal.append(record_of("f-" + std::to_string(i), FaultState::reverted)));
    }
  }
  { ASSERT_TRUE(Journal::open(folder.path(), 3)); }
  const auto contents = read_journal(text_of(folder.path() + "/journal.jsonl"));
  ASSERT_EQ(contents.records.size(), 4U);
  EXPECT_EQ(contents.records[0].view.id.value, "f-open");
  EXPECT_EQ(contents.records[3].view.id.value, "f-19");
}

TEST(JournalLines, KeepTheParametersAndWhatWasBefore) {
  auto record = record_of("f-1", FaultState::active);
  record.params.peers = {{"n3", "id-n3"}};
  record.params.direction = NetDirection::in;
  record.params.on_restart = OnRestart::reapply;
  record.params.path = NetPath::sql;
  record.params.numbers = {{"percent", 30}};
  record.saved = "0/0/0/0/0 0/20000/0/0/0";
  const auto read = read_journal(journal_line(record)).records.at(0);
  EXPECT_EQ(read.params.peers, record.params.peers);
  EXPECT_EQ(read.params.direction, NetDirection::in);
  EXPECT_EQ(read.params.on_restart, OnRestart::reapply);
  EXPECT_EQ(read.params.path, NetPath::sql);
  EXPECT_EQ(read.params.numbers, record.params.numbers);
  EXPECT_EQ(read.saved, record.saved);
}

TEST(JournalFile, CompactingKeepsTheLastWordsAndWhatIsAppendedAfterwards) {
  const TemporaryFolder folder;
  {
    auto opened = Journal::open(folder.path(), 10);
    ASSERT_TRUE(opened);
    const auto record = record_of("f-1", FaultState::active);
    while (!opened->journal.wants_compaction()) ASSERT_TRUE(opened->journal.append(record));
    ASSERT_TRUE(opened->journal.compact({record}));
    EXPECT_FALSE(opened->journal.wants_compaction());
    ASSERT_TRUE(opened->journal.append(record_of("f-2", FaultState::queued)));
  }
  EXPECT_LT(text_of(folder.path() + "/journal.jsonl").size(), 4096U);
  const auto again = Journal::open(folder.path(), 10);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->contents.records.size(), 2U);
  EXPECT_EQ(again->contents.records[0].view.id.value, "f-1");
  EXPECT_EQ(again->contents.records[1].view.id.value, "f-2");
}

TEST(JournalFile, UnreadableLinesAreKeptAsideForAPerson) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/journal.jsonl";
  const std::string text = "rubbish\n" + journal_line(record_of("f-1", FaultState::active));
  std::ofstream{path} << text;
  const auto opened = Journal::open(folder.path(), 10);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->contents.corrupt_lines, 1);
  EXPECT_EQ(opened->contents.records.size(), 1U);
  EXPECT_EQ(text_of(path + ".corrupt"), text);
}

TEST(JournalFile, AFolderThatCannotBeMadeIsAnErrorNotACrash) {
  EXPECT_EQ(Journal::open("/proc/nowhere", 10).error().code, ErrorCode::unavailable);
}

class JournalOfALife : public ChaosdTest {};

TEST_F(JournalOfALife, WhenItCannotBeWrittenNothingIsBegun) {
  // The journal of a full disk: every append fails.
  auto opened = Journal::open(folder.path() + "/other", 10);
  ASSERT_TRUE(opened);
  const auto fault = [this] {
    const FullDisk full;
    const auto answer =
        life->service.inject({FaultKind::kill, "n1", std::nullopt, 60, std::nullopt});
    life->work();
    return answer;
  }();
  ASSERT_FALSE(fault);
  EXPECT_EQ(fault.error().code, ErrorCode::unavailable);
  EXPECT_THAT(fault.error().message, ::testing::HasSubstr("nothing was done"));
  EXPECT_TRUE(world.calls.empty());
  EXPECT_TRUE(life->service.faults(false).empty());
}

TEST_F(JournalOfALife, WhenItCannotBeWrittenHealingGoesOn) {
  life->inject(FaultKind::kill, "n1", 5);
  life->work();
  {
    const FullDisk full;
    life->pass(6s);
  }
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
  EXPECT_EQ(life->ledger().open_count(), 0U);
  begin();  // The journal still says active; undoing it again does no harm.
  life->pass(1s);
  EXPECT_EQ(world.calls, (std::vector<std::string>{"kill id-n1", "start id-n1"}));
}

TEST_F(JournalOfALife, WhenItCannotBeRewrittenAtTheStartHealingGoesOn) {
  life->inject(FaultKind::kill, "n1", 5);
  life->work();
  life.reset();
  {
    const FullDisk full;
    begin();
    EXPECT_FALSE(life->contents.unwritten.empty());
    life->pass(6s);
    EXPECT_EQ(world.at("n1").state, ContainerState::running);
    EXPECT_FALSE(life->service.inject({FaultKind::kill, "n2", std::nullopt, 60, std::nullopt}));
  }
  life->inject(FaultKind::kill, "n2", 60);
  life->work();
  EXPECT_EQ(world.at("n2").state, ContainerState::exited) << "the disk takes something again";
}

/// A journal with one open fault, and what a disk makes of it that takes nothing now.
class JournalOnAFullDisk : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder.path() + "/journal.jsonl"; }
  void write(const std::string& text) const { std::ofstream{path()} << text; }
  /// Opens it, appends f-2 and opens it again as the next run does: what that finds.
  JournalContents after_an_append() {
    {
      auto opened = Journal::open(folder.path(), 10);
      EXPECT_TRUE(opened) << opened.error().message;
      if (!opened) return {};
      EXPECT_THAT(opened->contents.unwritten, ::testing::HasSubstr("journal.jsonl"));
      EXPECT_EQ(opened->contents.records.size(), 1U);
      EXPECT_TRUE(opened->journal.append(record_of("f-2", FaultState::active)));
    }
    std::filesystem::remove(path() + ".new");
    std::filesystem::remove(path() + ".corrupt");
    auto again = Journal::open(folder.path(), 10);
    EXPECT_TRUE(again);
    return again ? again->contents : JournalContents{};
  }

  TemporaryFolder folder;
  const std::string first = journal_line(record_of("f-1", FaultState::active));
};

TEST_F(JournalOnAFullDisk, LosesNothingOfWhatItHadOnceItTakesSomethingAgain) {
  write(first);
  std::filesystem::create_directory(path() + ".new");  // So that no new file can be made.
  const auto found = after_an_append();
  ASSERT_EQ(found.records.size(), 2U);
  EXPECT_EQ(found.records[0].view.id.value, "f-1");
  EXPECT_EQ(found.records[1].view.id.value, "f-2");
  EXPECT_TRUE(found.unwritten.empty());
}

TEST_F(JournalOnAFullDisk, ATornTailDoesNotRunIntoWhatFollows) {
  write(first + first.substr(0, first.size() / 2));
  std::filesystem::create_directory(path() + ".new");
  const auto found = after_an_append();
  EXPECT_EQ(found.records.size(), 2U);
  EXPECT_EQ(found.corrupt_lines, 0);
  EXPECT_FALSE(found.torn_tail);
}

TEST_F(JournalOnAFullDisk, UnreadableLinesStayWhereNoCopyCanBeKept) {
  write("rubbish\n" + first);
  std::filesystem::create_directory(path() + ".corrupt");
  const auto found = after_an_append();
  EXPECT_EQ(found.records.size(), 2U);
  EXPECT_EQ(found.corrupt_lines, 1);
  EXPECT_THAT(text_of(path() + ".corrupt"), ::testing::StartsWith("rubbish\n"));
}

TEST_F(JournalOnAFullDisk, TheFirstOfAllIsAnErrorForThereIsNothingToHeal) {
  std::filesystem::create_directory(path() + ".new");
  EXPECT_EQ(Journal::open(folder.path(), 10).error().code, ErrorCode::unavailable);
}

TEST(Journal, OneThatCannotBeReadAtAllIsSetAsideAndANewOneBegun) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() + "/journal.jsonl");  // Reading it fails.
  {
    auto opened = Journal::open(folder.path(), 200);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(opened->contents.unreadable);
    EXPECT_TRUE(opened->contents.records.empty());
    ASSERT_TRUE(opened->journal.append(record_of("f-1", FaultState::active)));
  }
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/journal.jsonl.unreadable"));
  const auto again = Journal::open(folder.path(), 200);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->contents.unreadable);
  EXPECT_EQ(again->contents.records.size(), 1U);
}

}  // namespace
}  // namespace faultline::chaos
