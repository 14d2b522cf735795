#include "exporter/targets.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "exporter/config.hpp"

namespace faultline::exporter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class TargetsFile : public testing::Test {
 protected:
  TargetsFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "targets-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~TargetsFile() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& text, const std::string& name = "targets.yml") {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
    return path.string();
  }
  Result<TargetConfigs> read(const std::string& text) { return read_targets_file(write(text)); }
  std::string complaint(const std::string& text) {
    const auto result = read(text);
    return result ? "it will do" : result.error().message;
  }

  std::filesystem::path folder_;
};

TEST_F(TargetsFile, SaysForEachNameWhatTheFlagsWouldSay) {
  write("hunter2\n", "secrets/watcher");
  write("a CA\n", "certs/ca.crt");
  const auto configs = read(
      "targets:\n"
      "  staging:\n"
      "    cockroach.sql: [n1:26257, n2:26257]\n"
      "    cockroach.http: n1:8080\n"
      "    cockroach.user: watcher\n"
      "    cockroach.password-file: secrets/watcher\n"
      "    cockroach.certs-dir: certs\n"
      "    cockroach.setting: [application_name=x]\n"
      "    chaosd.address: c:8096\n"
      "    collector.probe: true\n"
      "  test-1.eu_a:\n"
      "    cockroach.sql: t:26257\n");
  ASSERT_TRUE(configs) << configs.error().message;
  const auto& staging = configs->at("staging");
  EXPECT_THAT(staging.sql, ElementsAre("n1:26257", "n2:26257"));
  EXPECT_THAT(staging.http, ElementsAre("n1:8080"));
  EXPECT_EQ(staging.login.user, "watcher");
  EXPECT_EQ(staging.login.password.reveal(), "hunter2");
  EXPECT_EQ(staging.login.certs_dir, (folder_ / "certs").string()) << "relative to the file";
  EXPECT_THAT(staging.session_settings, ElementsAre("application_name=x"));
  EXPECT_EQ(staging.chaosd_address, "c:8096");
  EXPECT_TRUE(staging.collect_probe);
  const auto& test = configs->at("test-1.eu_a");
  EXPECT_EQ(test.login.user, "root") << "what is left out is as without the flag";
  EXPECT_FALSE(test.collect_probe);
}

TEST_F(TargetsFile, WhatIsWrongIsNamedWithFileLineAndField) {
  const auto in_a = [](const std::string& line) {
    return "targets:\n  a:\n    cockroach.sql: n:1\n    " + line + "\n";
  };
  EXPECT_THAT(complaint("targets:\n  a:\n    cockroach.sql: nohost\n"),
              HasSubstr("target a, line 3: --cockroach.sql is \"nohost\"; use host:port"));
  EXPECT_THAT(complaint(in_a("cockroach.sqll: n:2")),
              HasSubstr("line 4: cockroach.sqll is not known here; use cockroach.sql, "));
  EXPECT_THAT(complaint(in_a("web.listen-address: :1")), HasSubstr("is not known here"));
  EXPECT_THAT(complaint(in_a("cockroach.sql: n:2")),
              HasSubstr("line 4: cockroach.sql is given twice"));
  EXPECT_THAT(complaint(in_a("cockroach.user: {a: b}")), HasSubstr("must be a text or a list"));
  EXPECT_THAT(complaint(in_a("collector.probe: maybe")), HasSubstr("use true or false"));
  EXPECT_THAT(complaint(in_a("cockroach.certs-dir: nowhere")), HasSubstr("--cockroach.certs-dir"));
  EXPECT_THAT(complaint("targets:\n  a:\n    cockroach.user: x\n"),
              HasSubstr("cockroach.sql is missing"));
  EXPECT_THAT(complaint("targets:\n  a: n:1\n"), HasSubstr("must be a map"));
  EXPECT_THAT(complaint("targets:\n  a/b: {cockroach.sql: n:1}\n"), HasSubstr("cannot be a name"));
  EXPECT_THAT(complaint("targets:\n  a: {cockroach.sql: n:1}\n  a: {cockroach.sql: n:2}\n"),
              HasSubstr("target a is there twice"));
  EXPECT_THAT(complaint("target: {}\n"), HasSubstr("one key targets"));
  EXPECT_THAT(complaint("targets: {}\n"), HasSubstr("must be a map of names"));
  EXPECT_THAT(complaint("targets: [\n"), HasSubstr("line"));
  EXPECT_THAT(complaint("targets: ["), HasSubstr("--targets.file " + folder_.string()));
  EXPECT_THAT(read_targets_file("/no/such").error().message, HasSubstr("cannot be read"));
  std::string many = "targets:\n";
  for (std::size_t i = 0; i <= kTargetsMax; ++i) {
    many += "  t" + std::to_string(i) + ": {cockroach.sql: n:1}\n";
  }
  EXPECT_THAT(complaint(many), HasSubstr("use 64 at most"));
}

TEST_F(TargetsFile, NoSecretIsTold) {
  write("hunter2\n", "password");
  const auto told =
      complaint("targets:\n  a: {cockroach.sql: n:1, cockroach.password-file: password}\n");
  EXPECT_THAT(told, HasSubstr("needs --cockroach.certs-dir"));
  EXPECT_THAT(told, Not(HasSubstr("hunter2")));
}

TEST_F(TargetsFile, WithItTheMainClusterIsThereForWhoSpeaksOfIt) {
  const auto file = "--targets.file=" + write("targets:\n  a: {cockroach.sql: n:1}\n");
  const auto watches_main = [&](const char* more) {
    const char* arguments[] = {"faultline-exporter", file.c_str(), more};
    Config config;
    EXPECT_EQ(parse_config(3, arguments, config), std::nullopt);
    EXPECT_EQ(config.targets.size(), 1U);
    return config.watch_main;
  };
  EXPECT_FALSE(watches_main("--log.level=info"));
  EXPECT_TRUE(watches_main("--cockroach.sql=127.0.0.1:26257"));
  EXPECT_TRUE(watches_main("--chaosd.address=c:1"));
  const char* alone[] = {"faultline-exporter"};
  Config config;
  EXPECT_EQ(parse_config(1, alone, config), std::nullopt);
  EXPECT_TRUE(config.watch_main);
}

/// Clusters at addresses where nobody is: what is tested is who is watched.
class TargetSet : public TargetsFile {
 protected:
  net::AddressBook book_;
  SystemClock clock_;
  const CollectorConfig collect_{};
  Targets targets_{
      (folder_ / "targets.yml").string(), {book_, clock_, collect_}, make_logger("test")};

  Status reload(const std::string& text) {
    write(text);
    const auto set = targets_.read();
    if (!set) return set.error();
    (*set)();
    return kDone;
  }
  std::string boot_of(const std::string& name) { return targets_.pages()->at(name).boot; }
};

TEST_F(TargetSet, AReloadKeepsWhatIsTheSameAndRenewsWhatIsNot) {
  ASSERT_TRUE(
      reload("targets:\n  a: {cockroach.sql: 127.0.0.1:1}\n  b: {cockroach.sql: 127.0.0.1:1}\n"));
  const auto a = boot_of("a");
  const auto b = boot_of("b");
  EXPECT_NE(a, b);
  ASSERT_TRUE(
      reload("targets:\n  a: {cockroach.sql: 127.0.0.1:1}\n  b: {cockroach.sql: 127.0.0.1:2}\n"));
  EXPECT_EQ(boot_of("a"), a);
  EXPECT_NE(boot_of("b"), b);
  EXPECT_FALSE(reload("targets: oops\n"));
  EXPECT_EQ(boot_of("a"), a) << "a file that cannot be used changes nothing";
  ASSERT_TRUE(reload("targets:\n  c: {cockroach.sql: 127.0.0.1:1}\n"));
  EXPECT_EQ(targets_.pages()->size(), 1U);
  EXPECT_THAT(targets_.pages()->at("c").render_metrics({}), HasSubstr("faultline_up 0"));
  EXPECT_THAT(targets_.pages()->at("c").render_metrics({}), Not(HasSubstr("process_cpu")));
  targets_.stop();
}

TEST_F(TargetSet, APageThatIsBeingReadOutlivesItsTarget) {
  ASSERT_TRUE(reload("targets:\n  a: {cockroach.sql: 127.0.0.1:1}\n"));
  const auto held = targets_.pages();
  ASSERT_TRUE(reload("targets:\n  b: {cockroach.sql: 127.0.0.1:1}\n"));
  EXPECT_THAT(held->at("a").render_metrics({}), HasSubstr("faultline_up"));
  EXPECT_FALSE(targets_.pages()->contains("a"));
}

}  // namespace
}  // namespace faultline::exporter
