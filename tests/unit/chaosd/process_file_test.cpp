#include "chaosd/process/process_file.hpp"

#include <gmock/gmock.h>

namespace faultline::chaos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr auto kWhole = R"(
processes:
  - name: n1
    argv: [build/bin/crdbsim, start, --insecure, "--locality=zone=a"]
    pid_file: run/n1.pid
    log_file: /var/log/n1.log
    cwd: store
    addresses: ["127.0.0.1:26257", "n1:26257"]
    env: {GODEBUG: x, NUMBER: 3}
)";

TEST(ProcessFile, EveryFieldIsReadAndPathsStartAtTheFile) {
  const auto specs = parse_processes(kWhole, "/srv/demo");
  ASSERT_TRUE(specs) << specs.error().message;
  ASSERT_EQ(specs->size(), 1U);
  const ProcessSpec& spec = specs->front();
  EXPECT_EQ(spec.name, "n1");
  EXPECT_THAT(spec.argv,
              ElementsAre("build/bin/crdbsim", "start", "--insecure", "--locality=zone=a"));
  EXPECT_EQ(spec.pid_file, "/srv/demo/run/n1.pid");
  EXPECT_EQ(spec.log_file, "/var/log/n1.log");
  EXPECT_EQ(spec.cwd, "/srv/demo/store");
  EXPECT_THAT(spec.addresses, ElementsAre("127.0.0.1:26257", "n1:26257"));
  EXPECT_THAT(spec.env, ElementsAre(Pair("GODEBUG", "x"), Pair("NUMBER", "3")));
}

struct Mistake {
  const char* yaml;
  const char* field;
};

TEST(ProcessFile, AMistakeIsRefusedWithItsField) {
  const std::string good = "name: a, argv: [x], pid_file: p, log_file: l";
  const Mistake mistakes[]{
      {"", "processes"},
      {"processes:", "processes"},
      {"processes: []", "processes"},
      {"processes: {a: b}", "processes"},
      {"just text", "processes"},
      {"processes: [x]", "processes[0]"},
      {"processes: [{argv: [x], pid_file: p, log_file: l}]", "processes[0].name"},
      {"processes: [{name: 'a b', argv: [x], pid_file: p, log_file: l}]", "processes[0].name"},
      {"processes: [{name: a, argv: x, pid_file: p, log_file: l}]", "processes[0].argv"},
      {"processes: [{name: a, argv: [], pid_file: p, log_file: l}]", "processes[0].argv"},
      {"processes: [{name: a, argv: [x, [y]], pid_file: p, log_file: l}]", "processes[0].argv[1]"},
      {"processes: [{name: a, argv: [x], log_file: l}]", "processes[0].pid_file"},
      {"processes: [{name: a, argv: [x], pid_file: p}]", "processes[0].log_file"},
      {"processes: [{name: a, argv: [x], pid_file: p, log_file: l, addresses: x}]",
       "processes[0].addresses"},
      {"processes: [{name: a, argv: [x], pid_file: p, log_file: l, env: [x]}]", "processes[0].env"},
      {"processes: [{name: a, argv: [x], pid_file: p, log_file: l, env: {K: [x]}}]",
       "processes[0].env.K"},
      {"processes: [{name: a, args: [x], pid_file: p, log_file: l}]", "processes[0].args"},
      {"processes: [{name: a, argv: [x], pid_file: p, log_file: l}, {name: a, argv: [x], "
       "pid_file: q, log_file: l}]",
       "processes[1].name"},
      {"processes: [{name: a, argv: [x], pid_file: p, log_file: l}, {name: b, argv: [x], "
       "pid_file: ./p, log_file: l}]",
       "processes[1].pid_file"},
  };
  for (const auto& [yaml, field] : mistakes) {
    const auto specs = parse_processes(yaml, "/x");
    ASSERT_FALSE(specs) << yaml;
    EXPECT_EQ(specs.error().code, ErrorCode::invalid) << yaml;
    EXPECT_EQ(specs.error().field, field) << yaml;
  }
}

TEST(ProcessFile, BrokenYamlIsMalformedAndSaysWhere) {
  const auto specs = parse_processes("processes: [\n  {name: a", "/x");
  ASSERT_FALSE(specs);
  EXPECT_EQ(specs.error().code, ErrorCode::malformed);
  EXPECT_THAT(specs.error().message, HasSubstr("line"));
}

TEST(ProcessFile, AMissingFileNamesTheFlag) {
  const auto specs = read_process_file("/nowhere/processes.yaml");
  ASSERT_FALSE(specs);
  EXPECT_EQ(specs.error().field, "--process.file");
  EXPECT_THAT(specs.error().message, HasSubstr("/nowhere/processes.yaml"));
}

}  // namespace
}  // namespace faultline::chaos
