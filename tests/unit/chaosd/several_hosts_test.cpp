// Several Docker hosts as the service sees them: one board, a watch for each.
#include <gmock/gmock.h>

#include "chaosd/runtime/capability.hpp"
#include "tests/unit/chaosd/api_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TargetInfo on(const std::string& host, const std::string& name) {
  TargetInfo target;
  target.name = name + "@" + host;
  target.id = "id-" + name + "@" + host;
  target.instance = "run-1";
  target.state = ContainerState::running;
  target.host = host;
  return target;
}

/// n1 is on both hosts, n2 on one of them.
class SeveralHosts : public ApiTest {
 protected:
  SeveralHosts() {
    put("eu", std::vector{on("eu", "n1"), on("eu", "n2")});
    put("us", std::vector{on("us", "n1")});
    for (const char* host : {"eu", "us"}) board.put_runtime(std::string{"Docker Engine 1"}, host);
  }
  std::vector<std::string> put(const std::string& host,
                               const Result<std::vector<TargetInfo>>& listed) {
    return board.put_targets(listed, clock.now().wall, host);
  }
  void lose(const std::string& host) {
    put(host, Error{ErrorCode::timeout, "Docker host " + host + ": no answer"});
  }
  std::map<std::string, ContainerState> states() {
    std::map<std::string, ContainerState> all;
    for (const auto& target : board.targets()) all[target.name] = target.state;
    return all;
  }
  Reply ask(const std::string& method, const std::string& path, const std::string& body = "") {
    std::vector<Reply> replies;
    Api own{{service, life->feed, *audit, clock, silent_logger(), guard, life->desk,
             life->experiments, 0},
            AccessRules{{}, {"chaosd:8096"}, {}}};
    own.handle(request(method, path, body),
               [&](Reply reply) { replies.push_back(std::move(reply)); });
    return replies.empty() ? Reply{} : replies.front();
  }
  static std::string fault(const std::string& kind, const std::string& selected) {
    return R"({"kind":")" + kind + R"(","duration_s":60,)" + selected + "}";
  }

  TargetBoard board{RuntimeKind::docker, life->feed, {"eu", "us"}};
  ChaosService service{"run", {}, life->ledger(), board, clock};
  Guard guard{GuardMode::off, service, board, life->ledger(), nullptr, clock};
};

TEST_F(SeveralHosts, WhatOneListsSaysNothingOfTheOthers) {
  put("us", std::vector<TargetInfo>{});
  EXPECT_EQ(states().size(), 2U);
  EXPECT_THAT(put("eu", std::vector{on("eu", "n1")}), ElementsAre("id-n2@eu"));
  EXPECT_EQ(states().size(), 1U);
}

TEST_F(SeveralHosts, OfAHostThatIsAwayEverythingIsUnknownAndNothingIsGone) {
  lose("us");
  EXPECT_EQ(states()["n1@us"], ContainerState::running) << "a hiccup is no news";
  clock.advance(6s);
  lose("us");
  EXPECT_EQ(states()["n1@us"], ContainerState::unknown);
  EXPECT_EQ(states()["n1@eu"], ContainerState::running);
  put("us", std::vector{on("us", "n1")});
  EXPECT_EQ(states()["n1@us"], ContainerState::running);
}

TEST_F(SeveralHosts, ANameThatTwoHostsHaveIsRefusedWithBoth) {
  for (const char* selected : {R"("target":"n1")", R"("select":{"names":["n1"],"mode":"all"})"}) {
    const auto reply = ask("POST", kFaults, fault("kill", selected));
    EXPECT_EQ(reply.status, 409) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("may be n1@eu, n1@us"));
  }
}

TEST_F(SeveralHosts, ANameIsEnoughWhereOneHostHasItAndTheWholeOneAlways) {
  for (const char* selected : {R"("target":"n2")", R"("target":"n1@us")",
                               R"("select":{"names":["n1@eu"],"mode":"all"})"}) {
    EXPECT_EQ(ask("POST", kFaults, fault("kill", selected)).status, 202) << selected;
  }
  const auto open = service.faults(true);
  std::vector<std::string> targets;
  for (const auto& one : open) targets.push_back(one.target);
  EXPECT_THAT(targets, ::testing::UnorderedElementsAre("n2@eu", "n1@us", "n1@eu"));
}

TEST_F(SeveralHosts, WhatIsNotFoundWhileAHostIsAwayMayBeThere) {
  EXPECT_EQ(ask("POST", kFaults, fault("kill", R"("target":"n9")")).status, 404);
  lose("us");
  const auto reply = ask("POST", kFaults, fault("kill", R"("target":"n9")"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body, HasSubstr("Docker host us: no answer"));
  EXPECT_EQ(ask("POST", kFaults, fault("kill", R"("target":"n2")")).status, 202);
}

TEST_F(SeveralHosts, OneThatIsAwayIsToldEverywhereAndTheOthersAreReady) {
  lose("us");
  const auto ready = ask("GET", "/-/ready");
  EXPECT_EQ(ready.status, 200);
  EXPECT_THAT(ready.body, HasSubstr("host us is away: Docker host us: no answer"));
  const auto said = json_of(ask("GET", "/api/chaos/v1/capabilities"));
  EXPECT_EQ(said["runtime_ok"], true);
  EXPECT_EQ(said["runtime_detail"], "eu: Docker Engine 1; Docker host us: no answer");
  EXPECT_EQ(said["hosts"][0]["name"], "eu");
  EXPECT_EQ(said["hosts"][0]["ok"], true);
  EXPECT_EQ(said["hosts"][1]["ok"], false);
  const auto metrics = ask("GET", "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("faultline_chaosd_docker_host_up{docker_host=\"eu\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("faultline_chaosd_docker_host_up{docker_host=\"us\"} 0\n"));
  EXPECT_THAT(metrics, HasSubstr("faultline_chaosd_runtime_up 1\n"));
  lose("eu");
  EXPECT_EQ(ask("GET", "/-/ready").status, 503);
  EXPECT_THAT(ask("GET", "/metrics").body, HasSubstr("faultline_chaosd_runtime_up 0\n"));
}

TEST_F(SeveralHosts, AKindThatOneLacksIsRefusedThereAndDoneOnTheOther) {
  board.put_support({{FaultKind::cpu_throttle, Support::unsupported, "no CPU quota"}}, "us");
  board.put_support({}, "eu");
  const auto said = service.capabilities();
  const auto throttle = std::find_if(said.faults.begin(), said.faults.end(), [](const auto& one) {
    return one.kind == FaultKind::cpu_throttle;
  });
  EXPECT_EQ(throttle->support, Support::degraded);
  EXPECT_EQ(throttle->reason, "not on host us: no CPU quota");
  const auto refused =
      ask("POST", kFaults, fault("cpu.throttle", R"("target":"n1@us","percent":50)"));
  EXPECT_EQ(refused.status, 501) << refused.body;
  EXPECT_THAT(refused.body, HasSubstr("cannot be done to n1@us: no CPU quota"));
  const auto taken =
      ask("POST", kFaults, fault("cpu.throttle", R"("target":"n1@eu","percent":50)"));
  EXPECT_THAT(taken.body, Not(HasSubstr("cannot be done")));
}

TEST(CommonSupport, IsTheLeastOfAllAndNamesWhoLacksIt) {
  const FaultSupport no{FaultKind::net_loss, Support::unsupported, "no nft"};
  const FaultSupport half{FaultKind::net_loss, Support::degraded, "no owner"};
  const FaultSupport yes{FaultKind::net_loss, Support::supported, ""};
  const auto of = [](const FaultSupport& a, const FaultSupport& b) {
    return common_support({{"eu", {a}}, {"us", {b}}}).front();
  };
  EXPECT_EQ(of(no, no).support, Support::unsupported);
  EXPECT_EQ(of(no, no).reason, "not on host eu: no nft; not on host us: no nft");
  EXPECT_EQ(of(half, yes).support, Support::degraded);
  EXPECT_EQ(of(half, yes).reason, "on host eu: no owner");
  EXPECT_EQ(of(yes, yes).support, Support::supported);
  EXPECT_EQ(common_support({{"", {no}}}), std::vector{no}) << "of one it is its own word";
}

}  // namespace
}  // namespace faultline::chaos
