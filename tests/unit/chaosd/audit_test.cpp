#include "chaosd/service/audit.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"

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
  EXPECT_LE(std::filesystem::file_size(folder.path() + "/audit.jsonl"),
            static_cast<std::uintmax_t>(Audit::kBytesMax));
}

TEST(Audit, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(Audit::open("/nowhere", silent_logger()).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace faultline::chaos
