#include "chaosd/runtime/disk_throttle.hpp"

#include <gtest/gtest.h>

namespace faultline::chaos {
namespace {

TEST(DiskThrottle, IsOneWordAndReadAsItWasWritten) {
  const DiskThrottle throttle{"259:3", {{0, 1'000'000, 0, 7}}, {{2, 2, 0, 7}}};
  EXPECT_EQ(to_text(throttle), "259:3,0/1000000/0/7,2/2/0/7");
  ASSERT_TRUE(read_throttle(to_text(throttle)));
  EXPECT_EQ(*read_throttle(to_text(throttle)), throttle);
  EXPECT_EQ(*read_throttle_arguments(to_arguments(throttle)), throttle);
  const auto share = read_share("8:0,1/2/3/4");
  ASSERT_TRUE(share);
  EXPECT_EQ(share->device, "8:0");
  EXPECT_EQ(share->limits, (IoLimits{{1, 2, 3, 4}}));
}

TEST(DiskThrottle, WhatCouldNotHaveBeenWrittenIsRefused) {
  for (const char* text :
       {"", "8:0", "8:0,1/2/3/4", "8:0,1/2/3,1/2/3/4", "8:0,1/2/3/4/5,1/2/3/4", "8,1/2/3/4,1/2/3/4",
        "8:0,1/2/3/-4,1/2/3/4", "8:0,1/2/3/x,1/2/3/4", "8:0 rbps=1,1/2/3/4,1/2/3/4",
        "8:0,1/2/3/4,1/2/3/4,", "8:0,1/2/3/99999999999999999999,1/2/3/4"}) {
    EXPECT_FALSE(read_throttle(text)) << text;
  }
  EXPECT_FALSE(read_share("8:0,1/2/3/4,1/2/3/4"));
  EXPECT_FALSE(read_throttle_arguments({}));
  EXPECT_FALSE(read_throttle_arguments({"--throttle=8:0,0/0/0/0,2/2/0/0", "--leave-mb=1"}));
  EXPECT_EQ(read_throttle_arguments({"--leave-mb=1"}).error().field, "--throttle");
}

}  // namespace
}  // namespace faultline::chaos
