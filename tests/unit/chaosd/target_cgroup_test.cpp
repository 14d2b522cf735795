#include "chaosd/docker/target_cgroup.hpp"

#include <gtest/gtest.h>

namespace faultline::chaos {
namespace {

const std::string kId = "1fe098e7b5867fe079c458dd5d9d7020ac61de2b1e043c7c9d78ce3a313aaa64";

std::string place(const std::string& version, const std::string& driver,
                  const std::string& parent = "") {
  EngineInfo info;
  info.cgroup_version = version;
  info.cgroup_driver = driver;
  const auto found = target_cgroup(
      R"({"Id":")" + kId + R"(","HostConfig":{"CgroupParent":")" + parent + R"("}})", info);
  return found ? *found : "refused: " + found.error().message;
}

TEST(TargetCgroup, IsWhereTheEnginesDriverPutsIt) {
  EXPECT_EQ(place("1", "cgroupfs"), "/sys/fs/cgroup/blkio/docker/" + kId);
  EXPECT_EQ(place("2", "cgroupfs"), "/sys/fs/cgroup/docker/" + kId);
  EXPECT_EQ(place("2", "cgroupfs", "/db/"), "/sys/fs/cgroup/db/" + kId);
  EXPECT_EQ(place("2", "systemd"), "/sys/fs/cgroup/system.slice/docker-" + kId + ".scope");
  EXPECT_EQ(place("1", "systemd", "db-east-1.slice"),
            "/sys/fs/cgroup/blkio/db.slice/db-east.slice/db-east-1.slice/docker-" + kId + ".scope");
}

TEST(TargetCgroup, IsThatOfVersionOneWhereTheEngineIsTooOldToTell) {
  EXPECT_EQ(place("", "cgroupfs"), "/sys/fs/cgroup/blkio/docker/" + kId);
}

TEST(TargetCgroup, IsNowhereElseThanBelowTheCgroupsOfTheMachine) {
  EXPECT_EQ(place("2", "cgroupfs", "../../etc"),
            "refused: the Engine does not tell where its cgroup is");
  EXPECT_NE(place("2", "none").find("refused"), std::string::npos) << "a rootless Engine";
  EXPECT_FALSE(target_cgroup(R"({"Id":"../x"})", {}));
  EXPECT_FALSE(target_cgroup("[", {}));
}

}  // namespace
}  // namespace faultline::chaos
