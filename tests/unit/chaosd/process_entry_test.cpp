#include "chaosd/process/proc_entry.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace faultline::chaos {
namespace {

using Words = std::vector<std::string>;

constexpr auto kStat =
    "4242 (crdbsim) T 1 4242 4242 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 9 0 987654 11 12 13";

TEST(ProcEntry, StateAndStartAreReadFromStat) {
  const auto stat = parse_stat(kStat);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->state, 'T');
  EXPECT_EQ(stat->start_ticks, 987654U);
}

TEST(ProcEntry, ANameFullOfParenthesesAndBlanksIsSkipped) {
  std::string text = kStat;
  const auto stat = parse_stat(text.replace(text.find("crdbsim"), 7, "a) R 1 (b"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->state, 'T');
  EXPECT_EQ(stat->start_ticks, 987654U);
}

TEST(ProcEntry, WhatIsNoStatLineIsNothing) {
  for (const char* text : {"", "x", "1 (a)", "1 (a) ", "1 (a) R 1 2 3",
                           "1 (a) R 1 2 3 4 5 6 7 8 9 0 "
                           "1 2 3 4 5 6 7 8 x"}) {
    EXPECT_FALSE(parse_stat(text)) << text;
  }
}

TEST(ProcEntry, OurOwnEntryIsAliveAndStartedInThePast) {
  const auto stat = read_stat(::getpid());
  ASSERT_TRUE(stat);
  EXPECT_FALSE(is_over(*stat));
  const auto started = started_at(stat->start_ticks);
  const auto now = std::chrono::system_clock::now();
  EXPECT_LE(started, now + std::chrono::seconds{1});
  EXPECT_GT(started, now - std::chrono::minutes{10});
  EXPECT_FALSE(read_command(::getpid()).empty());
}

TEST(ProcEntry, ACommandIsTheSameWhenProgramAndAllArgumentsAre) {
  const Words argv{"build/bin/crdbsim", "start", "--store=n2"};
  EXPECT_TRUE(is_command_of({"build/bin/crdbsim", "start", "--store=n2"}, argv));
  EXPECT_TRUE(is_command_of({"/work/build/bin/crdbsim", "start", "--store=n2"}, argv));
  EXPECT_TRUE(is_command_of({"/bin/sh", "build/bin/crdbsim", "start", "--store=n2"}, argv));
}

TEST(ProcEntry, AnotherNodeOfTheSameProgramIsNotIt) {
  const Words argv{"crdbsim", "start", "--store=n2"};
  EXPECT_FALSE(is_command_of({"crdbsim", "start", "--store=n3"}, argv));
  EXPECT_FALSE(is_command_of({"crdbsim", "start", "--store=n2", "--background"}, argv));
  EXPECT_FALSE(is_command_of({"other", "start", "--store=n2"}, argv));
  EXPECT_FALSE(is_command_of({"start", "--store=n2"}, argv));
  EXPECT_FALSE(is_command_of({}, argv));
  EXPECT_FALSE(is_command_of({"crdbsim"}, {}));
}

}  // namespace
}  // namespace faultline::chaos
