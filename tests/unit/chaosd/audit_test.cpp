#include "chaosd/service/audit.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"
#include "tests/unit/chaosd/full_disk.hpp"

namespace faultline::chaos {
namespace {

AuditEntry entry_of(int status) {
  return {from_ms(1000), "operator", "127.0.0.1", "POST", "/api/chaos/v1/heal", status, "said"};
}

TEST(Audit, TellsTheNewestFirstAndNoMoreThanAsked) {
  TemporaryFolder folder;
  const auto audit = Audit::open(folder.path(), silent_logger());
  ASSERT_TRUE(audit);
  for (int status = 200; status < 210; ++status) (*audit)->append(entry_of(status));
  const auto last = (*audit)->last(3);
  ASSERT_EQ(last.size(), 3U);
  EXPECT_EQ(last[0].status, 209);
  EXPECT_EQ(last[2].status, 207);
}

TEST(Audit, IsThereAfterARestartAndSkipsWhatIsNoEntry) {
  TemporaryFolder folder;
  { Audit::open(folder.path(), silent_logger()).value()->append(entry_of(202)); }
  std::ofstream{folder.path() + "/audit.jsonl", std::ios::app} << "{\"cut\n";
  const auto audit = Audit::open(folder.path(), silent_logger());
  ASSERT_TRUE(audit);
  const auto last = (*audit)->last(10);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].role, "operator");
  EXPECT_EQ(last[0].path, "/api/chaos/v1/heal");
}

TEST(Audit, BeginsANewFileBeforeTheOldOneFillsTheDisk) {
  TemporaryFolder folder;
  const auto audit = Audit::open(folder.path(), silent_logger());
  ASSERT_TRUE(audit);
  AuditEntry large = entry_of(401);
  large.outcome = std::string(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) (*audit)->append(large);
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/audit.jsonl.1"));
  const auto chain = Audit::check(folder.path());
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->broken, "") << "the chain goes on across the files";
  EXPECT_EQ(chain->entries, 20);
  EXPECT_LE(std::filesystem::file_size(folder.path() + "/audit.jsonl"),
            static_cast<std::uintmax_t>(Audit::kBytesMax));
}

TEST(Audit, KeepsOnlySoManyOldFilesAndTheRestIsStillAChain) {
  TemporaryFolder folder;
  const auto audit = Audit::open(folder.path(), silent_logger());
  ASSERT_TRUE(audit);
  AuditEntry large = entry_of(401);
  large.outcome = std::string(4 << 20, 'x');
  for (int i = 0; i < 12; ++i) (*audit)->append(large);
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/audit.jsonl.4"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/audit.jsonl.5"));
  EXPECT_EQ(Audit::check(folder.path())->broken, "");
  EXPECT_EQ(Audit::check(folder.path())->last_seq, 12);
}

/// Ten entries on disk, to be tampered with.
class AuditChainTest : public ::testing::Test {
 protected:
  AuditChainTest() {
    const auto audit = Audit::open(folder.path(), silent_logger()).value();
    for (int status = 200; status < 210; ++status) audit->append(entry_of(status));
    std::ifstream file{path()};
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  }
  [[nodiscard]] std::string path() const { return folder.path() + "/audit.jsonl"; }
  [[nodiscard]] AuditChain checked() const {
    std::ofstream file{path(), std::ios::trunc};
    for (const auto& line : lines) file << line << "\n";
    file.close();
    return Audit::check(folder.path()).value();
  }

  TemporaryFolder folder;
  std::vector<std::string> lines;
};

TEST_F(AuditChainTest, IsWholeAndGoesOnAfterARestart) {
  EXPECT_EQ(checked().broken, "");
  Audit::open(folder.path(), silent_logger()).value()->append(entry_of(210));
  const auto chain = Audit::check(folder.path()).value();
  EXPECT_EQ(chain.broken, "");
  EXPECT_EQ(chain.entries, 11);
  EXPECT_EQ(chain.last_seq, 11);
}

TEST_F(AuditChainTest, AChangedALostASwappedAndAForgedLineAreFound) {
  const auto whole = lines;
  lines[3].replace(lines[3].find("203"), 3, "200");
  EXPECT_NE(checked().broken.find("line 5 "), std::string::npos) << checked().broken;
  lines = whole;
  lines.erase(lines.begin() + 6);
  EXPECT_NE(checked().broken.find("line 7 "), std::string::npos);
  lines = whole;
  std::swap(lines[1], lines[2]);
  EXPECT_NE(checked().broken.find("line 2 "), std::string::npos);
  lines = whole;
  lines.insert(lines.begin() + 4, lines[4]);
  EXPECT_NE(checked().broken.find("line 6 "), std::string::npos);
  lines = whole;
  lines[5] = "{}";
  EXPECT_NE(checked().broken.find("line 7 "), std::string::npos);
  lines = whole;
  lines.erase(lines.begin());
  EXPECT_EQ(checked().broken, "") << "as if it had been rotated away";
}

TEST_F(AuditChainTest, ABrokenOneIsToldAndGoesOn) {
  lines.erase(lines.begin() + 6);
  (void)checked();
  const auto audit = Audit::open(folder.path(), silent_logger()).value();
  EXPECT_FALSE(audit->is_whole());
  audit->append(entry_of(210));
  EXPECT_EQ(audit->newest_seq(), 11);
  EXPECT_NE(Audit::check(folder.path())->broken.find("line 7 "), std::string::npos);
}

TEST_F(AuditChainTest, ALineThatACrashCutShortBreaksNothing) {
  std::ofstream{path(), std::ios::app} << R"({"seq":11,"pre)";
  Audit::open(folder.path(), silent_logger()).value()->append(entry_of(210));
  const auto chain = Audit::check(folder.path()).value();
  EXPECT_EQ(chain.broken, "");
  EXPECT_EQ(chain.torn, 1);
  EXPECT_EQ(chain.entries, 11);
}

TEST_F(AuditChainTest, ALineThatWasCutShortIsEndedOnceTheDiskTakesSomethingAgain) {
  std::ofstream{path(), std::ios::app} << R"({"seq":11,"pre)";
  std::unique_ptr<Audit> audit;
  {
    const FullDisk full;
    audit = Audit::open(folder.path(), silent_logger()).value();
    audit->append(entry_of(209));
    EXPECT_FALSE(audit->is_whole()) << "what was not written is told";
  }
  audit->append(entry_of(210));
  EXPECT_TRUE(audit->is_whole());
  const auto chain = Audit::check(folder.path()).value();
  EXPECT_EQ(chain.broken, "");
  EXPECT_EQ(chain.torn, 1);
  EXPECT_EQ(chain.entries, 11);
}

TEST(Audit, PagesBackwards) {
  TemporaryFolder folder;
  const auto audit = Audit::open(folder.path(), silent_logger());
  ASSERT_TRUE(audit);
  for (int status = 200; status < 210; ++status) (*audit)->append(entry_of(status));
  const auto page = (*audit)->last(3, 8);
  ASSERT_EQ(page.size(), 3U);
  EXPECT_EQ(page[0].seq, 7);
  EXPECT_EQ(page[2].seq, 5);
}

TEST(Audit, ThereIsNothingToCheckWhereThereIsNone) {
  TemporaryFolder folder;
  EXPECT_EQ(Audit::check(folder.path()).error().code, ErrorCode::not_found);
}

TEST(Audit, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(Audit::open("/nowhere", silent_logger()).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace faultline::chaos
