#include "common/base/read_file.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace faultline {
namespace {

TEST(ReadFile, GivesTheWholeContent) {
  const auto text = read_file("/proc/self/cmdline");
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_FALSE(text->empty());
}

TEST(ReadFile, WhatIsNotThereAndWhatIsNoFileAreErrorsThatNameThePath) {
  const auto nowhere = read_file("/nowhere/at/all");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::not_found);
  const auto folder = read_file("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::unavailable);
  EXPECT_NE(folder.error().message.find("cannot read /:"), std::string::npos);
}

// A process that has ended but was not yet reaped: its entry opens, and reading it fails or is
// empty.
TEST(ReadFile, TheEntryOfAProcessThatHasEndedNeverThrows) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  for (const char* name : {"/cmdline", "/stat", "/maps", "/mem"}) {
    EXPECT_NO_THROW((void)read_file("/proc/" + std::to_string(child) + name)) << name;
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(read_file("/proc/" + std::to_string(child) + "/stat"));
}

}  // namespace
}  // namespace faultline
