#include "chaosd/nethold/io_trial.hpp"

#include <gmock/gmock.h>

#include "tests/unit/chaosd/toy_cgroup.hpp"

namespace faultline::nethold {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr auto kPatience = 20s;  // It ends by itself long before.

class IoTrialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = IoTrial::create(".");
    if (!made) GTEST_SKIP() << made.error().message;  // Not every file system can.
    trial.emplace(std::move(made).value());
  }
  ToyCgroup cgroup{ToyCgroup::Version::two};
  std::optional<IoTrial> trial;
};

TEST_F(IoTrialTest, AChildEntersTheCgroupAndReadsAndWritesAsOftenAsItWasTold) {
  const auto opened = IoCgroup::open(cgroup.folder());
  ASSERT_TRUE(opened);
  for (const auto way : {IoWay::write, IoWay::read}) {
    const auto done = trial->run(*opened, {way, IoTrial::kBlockMost, 3}, kPatience);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(*done, 3);
    EXPECT_TRUE(trial->ended(kPatience));
    EXPECT_EQ(cgroup.get("cgroup.procs"), "0");
  }
}

TEST_F(IoTrialTest, ACgroupThatLetsNobodyInIsSaid) {
  const auto opened = IoCgroup::open(cgroup.folder());
  ASSERT_TRUE(opened);
  cgroup.end();
  const auto refused = trial->run(*opened, {IoWay::write, IoTrial::kBlockLeast, 1}, kPatience);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("no process can enter its cgroup"));
}

TEST(IoTrialPlace, WithoutAFileThereIsNoTrial) {
  const auto refused = IoTrial::create("/proc");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace faultline::nethold
