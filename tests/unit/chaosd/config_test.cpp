#include "chaosd/config.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using ::testing::HasSubstr;

std::variant<ChaosdConfig, int> config_of(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "faultline-chaosd");
  return read_config(static_cast<int>(flags.size()), flags.data());
}

TEST(ChaosdConfig, HasTheDocumentedDefaults) {
  const auto read = config_of({});
  ASSERT_TRUE(std::holds_alternative<ChaosdConfig>(read));
  const auto& config = std::get<ChaosdConfig>(read);
  EXPECT_EQ(config.listen_address, "127.0.0.1:8096");
  EXPECT_EQ(config.runtime, RuntimeKind::docker);
  EXPECT_EQ(config.docker.hosts, std::vector<std::string>{"unix:///var/run/docker.sock"});
  EXPECT_FALSE(config.docker.plain_tcp);
  EXPECT_EQ(config.docker_label, "io.faultline.target");
  EXPECT_EQ(config.limits.max_duration.count(), 1800);
  EXPECT_EQ(config.limits.default_duration.count(), 300);
  EXPECT_FALSE(config.access.tokens);
}

TEST(ChaosdConfig, TheGuardEnforcesWhereThereIsSomebodyToAsk) {
  const auto mode = [](std::vector<const char*> flags) {
    return std::get<ChaosdConfig>(config_of(std::move(flags))).guard;
  };
  EXPECT_EQ(mode({}), GuardMode::off);
  EXPECT_EQ(mode({"--exporter.address", "localhost:8095"}), GuardMode::enforce);
  EXPECT_EQ(mode({"--exporter.address", "localhost:8095", "--guard", "warn"}), GuardMode::warn);
  EXPECT_EQ(mode({"--guard", "enforce"}), GuardMode::enforce);
}

TEST(ChaosdConfig, TheModesAreNormalUnlessSaid) {
  const auto mode = [](std::vector<const char*> flags) {
    return std::get<ChaosdConfig>(config_of(std::move(flags))).limits.mode;
  };
  EXPECT_EQ(mode({}), ServiceMode::normal);
  EXPECT_EQ(mode({"--heal-only"}), ServiceMode::heal_only);
  EXPECT_EQ(mode({"--read-only"}), ServiceMode::read_only);
}

struct WrongFlag {
  std::vector<const char*> flags;
  const char* named;
};

class WrongFlags : public ::testing::TestWithParam<WrongFlag> {};

TEST_P(WrongFlags, EndWithCode2AndNameTheFlag) {
  ::testing::internal::CaptureStderr();
  const auto read = config_of(GetParam().flags);
  const std::string said = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(std::holds_alternative<int>(read));
  EXPECT_EQ(std::get<int>(read), 2);
  EXPECT_THAT(said, HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongFlags,
    ::testing::Values(WrongFlag{{"--runtime", "podman"}, "--runtime"},
                      WrongFlag{{"--runtime", "process"}, "--process.file"},
                      WrongFlag{{"--process.file", "/nowhere"}, "--process.file"},
                      WrongFlag{{"--web.token-file", "/nowhere"}, "--web.token-file"},
                      WrongFlag{{"--fault.max-duration", "60"}, "--fault.max-duration"},
                      WrongFlag{{"--fault.max-duration", "1m"}, "--fault.default-duration"},
                      WrongFlag{{"--exporter.address", "nonsense"}, "--exporter.address"},
                      WrongFlag{{"--web.listen-address", "0.0.0.0:8096"}, "--web.token-file"},
                      WrongFlag{{"--web.listen-address", "[::]:8096"}, "--web.token-file"},
                      WrongFlag{{"--web.listen-address", "unix:/tmp/x"}, "--web.listen-address"},
                      WrongFlag{{"--web.allow-origin", "http://localhost:5173/"},
                                "--web.allow-origin"},
                      WrongFlag{{"--web.allow-origin", "localhost"}, "--web.allow-origin"},
                      WrongFlag{{"--web.allow-host", "http://chaosd"}, "--web.allow-host"},
                      WrongFlag{{"--guard", "maybe"}, "--guard"},
                      WrongFlag{{"--read-only", "--heal-only"}, "--read-only"},
                      WrongFlag{{"--no-such-flag"}, "no-such-flag"}));

TEST(ChaosdConfig, ATokenFileOpensItToOthers) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/tokens";
  std::ofstream{path} << "operator 0123456789abcdef\n";
  const auto read =
      config_of({"--web.listen-address", "0.0.0.0:8096", "--web.token-file", path.c_str()});
  ASSERT_TRUE(std::holds_alternative<ChaosdConfig>(read));
  const auto& tokens = std::get<ChaosdConfig>(read).access.tokens;
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->role_of("0123456789abcdef"), Role::fault_operator);
}

TEST(ChaosdConfig, ABadTokenFileIsNamedWithoutItsSecrets) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/tokens";
  std::ofstream{path} << "root hunter2-hunter2-hunter2\n";
  ::testing::internal::CaptureStderr();
  const auto read = config_of({"--web.token-file", path.c_str()});
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::get<int>(read), 2);
  EXPECT_THAT(said, HasSubstr("--web.token-file"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace faultline::chaos
