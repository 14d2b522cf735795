#include "chaosd/service/fault_check.hpp"

#include <gmock/gmock.h>

#include "chaosd/faults/fault.hpp"
#include "chaosd/http/fault_request.hpp"

namespace faultline::chaos {
namespace {

using ::testing::HasSubstr;

TargetInfo target(const std::string& name) {
  return {name, "id-" + name, "run-1", ContainerState::running, {}, {}};
}

Result<TargetInfo> find(const std::variant<std::string, NodeId>& peer) {
  if (const auto* name = std::get_if<std::string>(&peer)) {
    if (*name == "n1" || *name == "n2" || *name == "n3") return target(*name);
    return Error{ErrorCode::not_found, "no target is named \"" + *name + "\"", "/target"};
  }
  return target("n" + std::to_string(std::get<NodeId>(peer).value));
}

Result<FaultParams> check(FaultKind kind, const ParamRequest& request) {
  return check_params(request, fault_of(kind), target("n1"), find);
}

struct Refusal {
  FaultKind kind;
  ParamRequest request;
  std::string field;
  std::string says;
};
class Refusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refusals, NameTheFieldAndWhatWouldDo) {
  const auto& row = GetParam();
  const auto refused = check(row.kind, row.request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, row.field);
  EXPECT_THAT(refused.error().message, HasSubstr(row.says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refusals,
    ::testing::Values(
        Refusal{FaultKind::kill, {.numbers = {{"percent", 30}}}, "/percent", "is not for kill"},
        Refusal{FaultKind::kill, {.peers = {"n2"}}, "/peers", "is not for kill"},
        Refusal{FaultKind::stop, {.direction = "in"}, "/direction", "is not for stop"},
        Refusal{FaultKind::cpu_throttle,
                {.on_restart = "end", .numbers = {{"percent", 30}}},
                "/on_restart",
                "is not for cpu.throttle"},
        Refusal{FaultKind::net_partition, {}, "/peers", "is missing"},
        Refusal{FaultKind::net_partition, {.peers = {"n1"}}, "/peers", "the target itself"},
        Refusal{FaultKind::net_partition, {.peers = {"n2", NodeId{2}}}, "/peers", "n2 twice"},
        Refusal{FaultKind::net_partition, {.peers = {"n9"}}, "/peers", "no target is named"},
        Refusal{FaultKind::net_partition,
                {.peers = {"n2"}, .direction = "up"},
                "/direction",
                "takes both or in or out"},
        Refusal{FaultKind::net_partition,
                {.peers = {"n2"}, .on_restart = "maybe"},
                "/on_restart",
                "use end, reapply or ignore"},
        Refusal{FaultKind::net_isolate, {.peers = {"n2"}}, "/peers", "is not for net.isolate"},
        Refusal{FaultKind::net_loss, {}, "/percent", "net.loss takes 1 to 100"},
        Refusal{FaultKind::net_loss, {.numbers = {{"percent", 0}}}, "/percent", "use 1 to 100"},
        Refusal{FaultKind::net_loss, {.numbers = {{"percent", 101}}}, "/percent", "use 1 to 100"},
        Refusal{FaultKind::net_latency,
                {.direction = "in", .numbers = {{"latency_ms", 10}}},
                "/direction",
                "net.latency takes out"},
        Refusal{FaultKind::net_loss,
                {.path = "sql", .numbers = {{"percent", 10}}},
                "/path",
                "is not for net.loss"},
        Refusal{FaultKind::net_latency,
                {.path = "tcp", .numbers = {{"latency_ms", 10}}},
                "/path",
                "use all or sql"},
        Refusal{FaultKind::net_latency,
                {.peers = {"n2"}, .path = "sql", .numbers = {{"latency_ms", 10}}},
                "/peers",
                "does not go with path sql"},
        Refusal{FaultKind::net_latency,
                {.path = "sql", .numbers = {{"latency_ms", 4000}, {"jitter_ms", 1001}}},
                "/latency_ms",
                "use up to 5000"},
        Refusal{FaultKind::net_bandwidth,
                {.numbers = {{"rate_kbit", 8}, {"percent", 1}}},
                "/percent",
                "is not for net.bandwidth"},
        Refusal{FaultKind::disk_slow, {}, "/read_kb_s", "takes read_kb_s or write_kb_s or iops"},
        Refusal{FaultKind::disk_slow, {.numbers = {{"iops", 1}}}, "/iops", "use 2 to 5000"},
        Refusal{FaultKind::disk_slow, {.numbers = {{"write_kb_s", 7}}}, "/write_kb_s", "use 8 to"},
        Refusal{FaultKind::disk_stall,
                {.numbers = {{"write_kb_s", 100}}},
                "/write_kb_s",
                "is not for disk.stall"}));

TEST(FaultParamsCheck, WhatItsRuntimeRemovesWhenItIsDownTakesNoFaultThatMayEndIt) {
  TargetInfo passing = target("n1");
  passing.removed_when_down = true;
  const std::map<FaultKind, ParamRequest> ending{
      {FaultKind::stop, {}},
      {FaultKind::kill, {}},
      {FaultKind::restart, {}},
      {FaultKind::memory_pressure, {.numbers = {{"headroom_mb", 64}}}},
      {FaultKind::disk_fill, {.numbers = {{"leave_mb", 64}}}},
      {FaultKind::disk_slow, {.numbers = {{"iops", 10}}}},
      {FaultKind::disk_stall, {}}};
  for (const auto& [kind, request] : ending) {
    const auto refused = check_params(request, fault_of(kind), passing, find);
    ASSERT_FALSE(refused) << to_string(kind);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_EQ(refused.error().field, "/kind");
    EXPECT_THAT(refused.error().message, HasSubstr("n1 was made with --rm"));
    EXPECT_TRUE(check(kind, request)) << to_string(kind);
  }
  EXPECT_TRUE(check_params({}, fault_of(FaultKind::pause), passing, find));
}

TEST(FaultParamsCheck, NoNetworkIsBrokenThatIsNotTheTargetsOwn) {
  const std::map<FaultKind, ParamRequest> in_the_network{
      {FaultKind::net_partition, {.peers = {"n2"}}},
      {FaultKind::net_isolate, {}},
      {FaultKind::net_loss, {.numbers = {{"percent", 10}}}},
      {FaultKind::net_latency, {.numbers = {{"latency_ms", 10}}}},
      {FaultKind::net_bandwidth, {.numbers = {{"rate_kbit", 64}}}}};
  for (const auto& [mode, says] :
       {std::pair{"host", "of its host"}, std::pair{"container:0a", "of another container"}}) {
    TargetInfo guest = target("n1");
    guest.network_of = mode;
    for (const auto& [kind, request] : in_the_network) {
      const auto refused = check_params(request, fault_of(kind), guest, find);
      ASSERT_FALSE(refused) << to_string(kind);
      EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
      EXPECT_THAT(refused.error().message, HasSubstr(says));
      EXPECT_TRUE(check(kind, request)) << to_string(kind);
    }
    EXPECT_TRUE(check_params({}, fault_of(FaultKind::kill), guest, find));
  }
}

TEST(FaultParamsCheck, WhatIsLeftOutHasItsDefault) {
  EXPECT_EQ(check(FaultKind::net_partition, {.peers = {"n2"}})->direction, NetDirection::both);
  EXPECT_EQ(check(FaultKind::net_loss, {.numbers = {{"percent", 30}}})->direction,
            NetDirection::in);
  EXPECT_EQ(check(FaultKind::net_isolate, {})->on_restart, OnRestart::end);
}

TEST(FaultParamsCheck, PeersAreNamesOrNodeIds) {
  const auto params = check(FaultKind::net_partition, {.peers = {"n2", NodeId{3}}});
  ASSERT_TRUE(params);
  EXPECT_EQ(params->peers, (std::vector<Peer>{{"n2", "id-n2"}, {"n3", "id-n3"}}));
}

TEST(FaultParamsRequest, IsReadFromTheBody) {
  const auto request = read_fault_request(
      R"({"kind":"net.loss","target":"n1","peers":["n2",3],"direction":"out","percent":30,)"
      R"("on_restart":"reapply","path":"sql","duration_s":9})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->kind, FaultKind::net_loss);
  EXPECT_EQ(request->params.peers.size(), 2U);
  EXPECT_EQ(request->params.direction, "out");
  EXPECT_EQ(request->params.on_restart, "reapply");
  EXPECT_EQ(request->params.path, "sql");
  EXPECT_EQ(request->params.numbers.at("percent"), 30);
}

TEST(FaultParamsRequest, PeersThatAreNoListOfNamesAreRefused) {
  for (const char* peers : {R"("n2")", "[1.5]", "[[]]", "{}", "[null]", "true"}) {
    const auto request = read_fault_request(
        R"({"kind":"net.loss","target":"n1","duration_s":9,"peers":)" + std::string{peers} + "}");
    ASSERT_FALSE(request) << peers;
    EXPECT_EQ(request.error().field, "/peers") << peers;
  }
}

}  // namespace
}  // namespace faultline::chaos
