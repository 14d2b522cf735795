#include "chaosd/nethold/throttle_held.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "chaosd/nethold/store_disk.hpp"
#include "tests/unit/chaosd/toy_cgroup.hpp"

namespace faultline::nethold {
namespace {

namespace fs = std::filesystem;
using chaos::IoLimit;
using chaos::IoLimits;
using ::testing::HasSubstr;
using Version = ToyCgroup::Version;

TEST(IoCgroup, LimitsAreReadOfTheOneDiskInBothVersions) {
  const ToyCgroup two{Version::two};
  two.put("io.max",
          "8:16 rbps=1 wbps=1 riops=1 wiops=1\n8:1 rbps=max wbps=500 riops=max wiops=7\n");
  auto cgroup = IoCgroup::open(two.folder());
  ASSERT_TRUE(cgroup);
  EXPECT_EQ(*cgroup->read("8:1"), (IoLimits{{0, 500, 0, 7}}));
  EXPECT_EQ(*cgroup->read("8:2"), IoLimits{});

  const ToyCgroup one{Version::one};
  one.put("blkio.throttle.write_bps_device", "8:16 1\n8:1 500\n");
  one.put("blkio.throttle.write_iops_device", "8:1 7\n");
  cgroup = IoCgroup::open(one.folder());
  ASSERT_TRUE(cgroup);
  EXPECT_EQ(*cgroup->read("8:1"), (IoLimits{{0, 500, 0, 7}}));
}

TEST(IoCgroup, IsWrittenOneLineAtATime) {
  const ToyCgroup two{Version::two};
  ASSERT_TRUE(IoCgroup::open(two.folder())->write("8:0", IoLimit::write_bytes, 2));
  EXPECT_EQ(two.get("io.max"), "8:0 wbps=2");
  const ToyCgroup other{Version::two};
  ASSERT_TRUE(IoCgroup::open(other.folder())->write("8:0", IoLimit::read_ops, 0));
  EXPECT_EQ(other.get("io.max"), "8:0 riops=max");
  const ToyCgroup one{Version::one};
  ASSERT_TRUE(IoCgroup::open(one.folder())->write("8:0", IoLimit::read_ops, 9));
  EXPECT_EQ(one.get("blkio.throttle.read_iops_device"), "8:0 9");
}

TEST(IoCgroup, WhatAnotherHandHasWrittenSinceStays) {
  const ToyCgroup one{Version::one};
  one.put("blkio.throttle.read_bps_device", "8:0 2\n");
  one.put("blkio.throttle.write_bps_device", "8:0 4096\n");
  ASSERT_TRUE(put_back({"8:0", {{0, 0, 0, 0}}, {{2, 2, 0, 0}}}, one.folder()));
  EXPECT_THAT(one.get("blkio.throttle.read_bps_device"), ::testing::StartsWith("8:0 0"));
  EXPECT_EQ(one.get("blkio.throttle.write_bps_device"), "8:0 4096\n");
}

TEST(IoCgroup, OneThatIsGoneNeedsNothingPutBackAndOneWithoutLimitsIsSaid) {
  const ToyCgroup gone{Version::one};
  gone.end();
  EXPECT_TRUE(put_back({"8:0", {}, {{2, 2, 0, 0}}}, gone.folder()));
  const ToyCgroup without{Version::none};
  const auto refused = IoCgroup::open(without.folder());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_THAT(refused.error().message, HasSubstr("io controller"));
}

/// The numbers of the device that this folder is on, under a /sys of our own.
class StoreDisk : public ::testing::Test {
 protected:
  StoreDisk() {
    char name[] = "faultline-sys-XXXXXX";
    sys = fs::absolute(::mkdtemp(name));
    struct stat found {};
    EXPECT_EQ(::stat(sys.c_str(), &found), 0);
    number = std::to_string(major(found.st_dev)) + ":" + std::to_string(minor(found.st_dev));
    fs::create_directories(sys / "block");
  }
  ~StoreDisk() override { fs::remove_all(sys); }
  void device(const std::string& path, const std::string& text) const {
    fs::create_directories(sys / path);
    std::ofstream{sys / path / "dev"} << text << "\n";
  }
  void is_ours(const std::string& path) const {
    fs::create_directory_symlink(sys / path, sys / "block" / number);
  }
  [[nodiscard]] Result<std::string> disk() const { return disk_under(sys, sys / "block"); }
  fs::path sys;
  std::string number;
};

TEST_F(StoreDisk, IsTheWholeOneOfAPartition) {
  device("sda", "8:0");
  fs::create_directories(sys / "sda/queue");
  device("sda/sda3", "8:3");
  std::ofstream{sys / "sda/sda3/partition"} << "3\n";
  is_ours("sda/sda3");
  const auto found = disk();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, "8:0");
}

TEST_F(StoreDisk, WithoutAQueueOrWithoutADeviceIsRefusedWithTheReason) {
  EXPECT_THAT(disk().error().message, HasSubstr("tmpfs"));
  device("odd", "259:1");
  is_ours("odd");
  EXPECT_THAT(disk().error().message, HasSubstr("no queue of its own"));
  EXPECT_EQ(disk().error().code, ErrorCode::unsupported);
}

TEST(ThrottleHeld, LimitsThatNothingActsUponAreSeenToDoNothing) {
  if (const auto made = IoTrial::create("."); !made) GTEST_SKIP() << made.error().message;
  const ToyCgroup cgroup{Version::two};
  ThrottleHeld held{{"8:0", {}, {{0, chaos::kLeastIo, 0, 0}}}, {".", cgroup.folder()}};
  const auto installed = held.install();
  ASSERT_TRUE(installed) << installed.error().message;
  EXPECT_EQ(held.parts(), 1);
  EXPECT_FALSE(held.owned());
  EXPECT_EQ(*held.met(false), 0) << "written, and no process is held back";
  cgroup.put("io.max", "8:0 wbps=77\n");
  EXPECT_FALSE(held.met(false)) << "another hand's";
  ASSERT_TRUE(held.remove());
  EXPECT_EQ(cgroup.get("io.max"), "8:0 wbps=77\n");
}

TEST(ThrottleHeld, WhatCannotBeTriedIsNotSet) {
  const ToyCgroup cgroup{Version::two};
  ThrottleHeld held{{"8:0", {}, {{2, 2, 0, 0}}}, {"/proc", cgroup.folder()}};
  EXPECT_FALSE(held.install());
  EXPECT_EQ(cgroup.get("io.max"), "");
  EXPECT_TRUE(held.remove());
}

}  // namespace
}  // namespace faultline::nethold
