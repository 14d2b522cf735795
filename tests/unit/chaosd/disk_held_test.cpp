#include "chaosd/nethold/disk_held.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace faultline::nethold {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kMb = 1024 * 1024;

/// On the disk of the build, of which only a few megabytes are taken: all is left but those.
class DiskHeldTest : public ::testing::Test {
 protected:
  DiskHeldTest() {
    char name[] = "faultline-disk-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~DiskHeldTest() override { std::filesystem::remove_all(folder); }
  [[nodiscard]] std::int64_t free_mb() const {
    struct statvfs room {};
    EXPECT_EQ(::statvfs(folder.c_str(), &room), 0);
    return static_cast<std::int64_t>(room.f_bfree) * static_cast<std::int64_t>(room.f_frsize) / kMb;
  }
  std::string folder;
};

TEST_F(DiskHeldTest, TakesWhatIsNotToBeLeftAndHasNoName) {
  const auto leave = free_mb() - 256;  // Others write to this disk too.
  if (leave < 256) GTEST_SKIP() << "this disk is full already";
  DiskHeld held{{leave}, folder, "/proc/self/exe.is-not-there"};
  if (leave < chaos::kSharedDiskFloorMb) GTEST_SKIP() << "this disk is the Engine's, and small";
  const auto installed = held.install();
  if (!installed && installed.error().code == ErrorCode::upstream) {
    GTEST_SKIP() << installed.error().message;  // Not every file system can.
  }
  ASSERT_TRUE(installed) << installed.error().message;
  EXPECT_GE(*held.met(true), 1);
  EXPECT_LE(*held.met(false), 256);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  ASSERT_TRUE(held.remove());
  EXPECT_FALSE(held.met(false));
  EXPECT_TRUE(held.remove()) << "nothing there is success";
}

TEST_F(DiskHeldTest, WhatIsThatFullAlreadyIsRefused) {
  DiskHeld held{{free_mb() + 1024 * 1024}, folder};
  const auto refused = held.install();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("leave_mb must be less"));
}

TEST_F(DiskHeldTest, TheEnginesOwnDiskIsSpared) {
  DiskHeld held{{0}, folder, folder};
  const auto refused = held.install();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("leave_mb to 10240 or more"));
  DiskHeld unknown{{0}, folder, folder + "/not-there"};
  EXPECT_FALSE(unknown.install()) << "what cannot be told apart counts as shared";
}

TEST_F(DiskHeldTest, AFolderOfADiskIsSparedAndAWholeDiskIsNot) {
  // Where no file can be made, so that nothing is filled here.
  const auto refusal = [&](const std::string& root, const std::string& at) {
    const std::string mounts = folder + "/mountinfo";
    std::ofstream{mounts} << "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                          << "36 22 8:17 " << root << " " << at << " rw - ext4 /dev/sdb1 rw\n";
    return DiskHeld{{0}, "/proc", folder, mounts}.install().error().message;
  };
  EXPECT_THAT(refusal("/", "/proc"), HasSubstr("no file can be made on the volume"));
  EXPECT_THAT(refusal("/var/lib/n1", "/proc"), HasSubstr("is a folder of a disk"));
  EXPECT_THAT(refusal("/var/lib/n1", "/proc"), HasSubstr("leave_mb to 10240 or more"));
  EXPECT_THAT(refusal("/", "/elsewhere"), HasSubstr("is a folder of a disk"));
}

}  // namespace
}  // namespace faultline::nethold
