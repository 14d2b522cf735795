#include "common/config/options.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <unistd.h>

#include "exporter/config.hpp"

namespace faultline::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct OptionsTest : testing::Test {
  OptionsTest() {
    options.add("web.listen-address", listen, "Where", is_endpoint());
    options.add_list("cockroach.sql", sql, "Nodes", is_endpoint());
    options.add_switch("collector.gossip", gossip, "Gossip");
    options.add_duration("fault.max-duration", most, "Most", milliseconds{1000},
                         std::chrono::hours{1});
  }
  Outcome read(const std::vector<std::string>& arguments) {
    return options.read(arguments, [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional{found->second};
    });
  }
  std::string listen = "127.0.0.1:8095";
  std::vector<std::string> sql{"127.0.0.1:26257"};
  bool gossip = true;
  milliseconds most{60'000};
  std::map<std::string, std::string> environment;
  Options options{"faultline-test", "Tests."};
};

TEST_F(OptionsTest, NothingGivenKeepsTheDefaults) {
  EXPECT_EQ(read({}).exit_code, std::nullopt);
  EXPECT_EQ(listen, "127.0.0.1:8095");
  EXPECT_THAT(sql, ElementsAre("127.0.0.1:26257"));
}

TEST_F(OptionsTest, FlagsWinOverTheEnvironmentAndItOverTheDefault) {
  environment = {{"FAULTLINE_WEB_LISTEN_ADDRESS", "h:1"}, {"FAULTLINE_COLLECTOR_GOSSIP", "false"}};
  EXPECT_EQ(read({"--web.listen-address=h:2"}).exit_code, std::nullopt);
  EXPECT_EQ(listen, "h:2");
  EXPECT_FALSE(gossip);
}

TEST_F(OptionsTest, ListsRepeatAndTakeCommas) {
  EXPECT_EQ(read({"--cockroach.sql", "a:1,b:2", "--cockroach.sql=c:3"}).exit_code, std::nullopt);
  EXPECT_THAT(sql, ElementsAre("a:1", "b:2", "c:3"));
}

TEST_F(OptionsTest, AListFromTheEnvironmentReplacesTheDefault) {
  environment = {{"FAULTLINE_COCKROACH_SQL", "a:1,b:2"}};
  EXPECT_EQ(read({}).exit_code, std::nullopt);
  EXPECT_THAT(sql, ElementsAre("a:1", "b:2"));
}

TEST_F(OptionsTest, TheLastOfARepeatedFlagCounts) {
  EXPECT_EQ(read({"--web.listen-address", "a:1", "--web.listen-address", "b:2"}).exit_code,
            std::nullopt);
  EXPECT_EQ(listen, "b:2");
}

TEST_F(OptionsTest, SwitchesTurnOffWithNo) {
  EXPECT_EQ(read({"--no-collector.gossip"}).exit_code, std::nullopt);
  EXPECT_FALSE(gossip);
}

TEST_F(OptionsTest, AWrongValueNamesTheFlagAndWhatWouldDo) {
  const auto outcome = read({"--web.listen-address", "nowhere"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.text,
            "faultline-test: --web.listen-address is \"nowhere\"; use host:port, as "
            "127.0.0.1:26257\n");
  EXPECT_EQ(listen, "127.0.0.1:8095");
}

TEST_F(OptionsTest, AWrongEnvironmentNamesTheVariableAndTheFlag) {
  environment = {{"FAULTLINE_FAULT_MAX_DURATION", "30"}};
  const auto outcome = read({});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.text, HasSubstr("FAULTLINE_FAULT_MAX_DURATION (for --fault.max-duration)"));
  EXPECT_THAT(outcome.text, HasSubstr("30s"));
}

TEST_F(OptionsTest, UnknownFlagsAndMissingValuesAreRefused) {
  auto outcome = read({"--web.listen-adress=h:1"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.text, HasSubstr("--web.listen-adress"));
  outcome = read({"--web.listen-address"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.text, HasSubstr("--web.listen-address"));
  EXPECT_EQ(read({"stray"}).exit_code, 2);
}

TEST_F(OptionsTest, DurationsHaveLimitsAndUnits) {
  EXPECT_EQ(read({"--fault.max-duration=90s"}).exit_code, std::nullopt);
  EXPECT_EQ(most, milliseconds{90'000});
  EXPECT_THAT(read({"--fault.max-duration=2h"}).text, HasSubstr("use 1s to 60m"));
}

TEST_F(OptionsTest, VersionAndHelpEndWithSuccess) {
  EXPECT_EQ(read({"--version"}).text, "faultline-test 0.1.0\n");
  const auto help = read({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.text, HasSubstr("FAULTLINE_WEB_LISTEN_ADDRESS"));
}

TEST(ParseDuration, ReadsUnitsAndRefusesTheRest) {
  EXPECT_EQ(parse_duration("1h30m").value(), milliseconds{5'400'000});
  EXPECT_EQ(parse_duration("250ms").value(), milliseconds{250});
  for (const auto* text : {"", "30", "-5s", "5x", "s", "99999999999999999h", "5s "}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

struct SecretFile : testing::Test {
  void write(const std::string& text) { std::ofstream{path} << text; }
  std::string path = testing::TempDir() + "faultline-secret-" + std::to_string(::getpid());
  ~SecretFile() override { std::remove(path.c_str()); }
};

TEST_F(SecretFile, IsItsFirstLine) {
  write("hunter2\r\nmore");
  EXPECT_EQ(read_secret("x.token-file", path).value(), "hunter2");
  write("");
  EXPECT_THAT(read_secret("x.token-file", path).error().message, HasSubstr("--x.token-file"));
  EXPECT_FALSE(read_secret("x.token-file", "/no/such/file"));
}

TEST_F(SecretFile, APasswordWithoutTlsIsRefusedByTheExporter) {
  write("hunter2\n");
  const std::string flag = "--cockroach.password-file=" + path;
  const char* arguments[] = {"faultline-exporter", flag.c_str()};
  exporter::Config config;
  testing::internal::CaptureStderr();
  EXPECT_EQ(exporter::parse_config(2, arguments, config), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("--cockroach.certs-dir"));
}

struct WrongFlag {
  std::string argument;
  std::string flag;
};

class ExporterFlag : public testing::TestWithParam<WrongFlag> {};

TEST_P(ExporterFlag, IsRefusedInOneSentenceThatNamesIt) {
  const char* arguments[] = {"faultline-exporter", GetParam().argument.c_str()};
  exporter::Config config;
  testing::internal::CaptureStderr();
  EXPECT_EQ(exporter::parse_config(2, arguments, config), 2);
  const auto told = testing::internal::GetCapturedStderr();
  EXPECT_THAT(told, testing::StartsWith("faultline-exporter: " + GetParam().flag));
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Values, ExporterFlag,
    testing::Values(WrongFlag{"--cockroach.sql=nowhere", "--cockroach.sql"},
                    WrongFlag{"--cockroach.sql=,", "--cockroach.sql"},
                    WrongFlag{"--cockroach.http=h:port", "--cockroach.http"},
                    WrongFlag{"--cockroach.user=", "--cockroach.user"},
                    WrongFlag{"--cockroach.certs-dir=/no/such", "--cockroach.certs-dir"},
                    WrongFlag{"--cockroach.certs-dir=/", "--cockroach.certs-dir"},
                    WrongFlag{"--cockroach.password-file=/no/such", "--cockroach.password-file"},
                    WrongFlag{"--chaosd.address=here", "--chaosd.address"},
                    WrongFlag{"--chaosd.token-file=/no/such", "--chaosd.token-file"},
                    WrongFlag{"--web.listen-address=8095", "--web.listen-address"},
                    WrongFlag{"--web.telemetry-path=metrics", "--web.telemetry-path"},
                    WrongFlag{"--web.allow-origin=example.org", "--web.allow-origin"},
                    WrongFlag{"--web.allow-origin=https://", "--web.allow-origin"},
                    WrongFlag{"--web.allow-origin=https://a.example/", "--web.allow-origin"},
                    WrongFlag{"--web.allow-origin=https://a.example:x", "--web.allow-origin"},
                    WrongFlag{"--web.allow-origin=ftp://a.example", "--web.allow-origin"},
                    WrongFlag{"--web.allow-origin=*", "--web.allow-origin"},
                    WrongFlag{"--collector.gossip=maybe", "--collector.gossip"},
                    WrongFlag{"--log.level=loud", "--log.level"},
                    WrongFlag{"--log.format=xml", "--log.format"}));

TEST(ExporterFlags, OriginsAreTakenAsBrowsersSendThem) {
  const char* arguments[] = {"faultline-exporter",
                             "--web.allow-origin=https://a.example,http://localhost:5173",
                             "--web.allow-origin=http://[::1]:8088"};
  exporter::Config config;
  EXPECT_EQ(exporter::parse_config(3, arguments, config), std::nullopt);
  EXPECT_THAT(config.allowed_origins,
              ElementsAre("https://a.example", "http://localhost:5173", "http://[::1]:8088"));
}

}  // namespace
}  // namespace faultline::config
