#include "chaosd/service/lever.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/unit/chaosd/api_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kLever = "/api/chaos/v1/lever";
constexpr const char* kEngage = R"({"engaged":true,"reason":"release night"})";
constexpr const char* kRelease = R"({"engaged":false,"reason":"done"})";

class SafetyLever : public ApiTest {};

TEST_F(SafetyLever, IsReleasedUntilSomebodyPullsIt) {
  const auto lever = json_of(call("GET", kLever));
  EXPECT_EQ(lever["engaged"], false);
}

TEST_F(SafetyLever, EngagedItUndoesEverythingAndRefusesWhatIsNew) {
  call("POST", kFaults, kKill);
  life->work();
  life->inject(FaultKind::pause, "n2");  // Not begun yet.
  const auto reply = call("PUT", kLever, kEngage);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(json_of(reply)["reason"], "release night");
  life->work();
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
  EXPECT_EQ(world.at("n2").state, ContainerState::running);
  EXPECT_TRUE(life->service.faults(true).empty());

  const auto refused = call("POST", kFaults, kKill);
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(json_of(refused)["detail"].get<std::string>(), HasSubstr("release night"));
  auto stop = request("POST", "/api/chaos/node/stop");
  stop.query["name"] = "n1";
  EXPECT_EQ(reply_to(stop).status, 409);
  EXPECT_EQ(json_of(call("POST", "/api/chaos/v1/plans", kKill))["guard"]["verdict"], "refuse");
  EXPECT_EQ(call("POST", "/api/chaos/v1/heal").status, 202) << "healing always works";

  EXPECT_EQ(call("PUT", kLever, kRelease).status, 200);
  EXPECT_EQ(call("POST", kFaults, kKill).status, 202);
}

TEST_F(SafetyLever, AReasonHasThreeHundredCharactersAtMostWhateverTheirBytes) {
  const auto body = [](const std::string& reason) {
    return R"({"engaged":true,"reason":")" + reason + R"("})";
  };
  const auto refused = call("PUT", kLever, body(std::string(301, 'x')));
  EXPECT_EQ(refused.status, 422);
  EXPECT_FALSE(life->service.lever().engaged);
  std::string long_ones;
  for (int i = 0; i < 300; ++i) long_ones += "\xE2\x82\xAC";
  EXPECT_EQ(call("PUT", kLever, body(long_ones)).status, 200);
}

TEST_F(SafetyLever, SurvivesARestart) {
  call("PUT", kLever, kEngage);
  begin();
  EXPECT_TRUE(life->service.lever().engaged);
  EXPECT_EQ(life->service.lever().reason, "release night");
  EXPECT_EQ(life->service.may_begin().error().code, ErrorCode::conflict);
}

TEST_F(SafetyLever, OneThatCannotBeReadCountsAsEngaged) {
  for (const char* text : {"", "{", "[]", R"({"engaged":"no","reason":"","since_ms":0})"}) {
    std::ofstream{folder.path() + "/lever.json", std::ios::trunc} << text;
    EXPECT_TRUE(Lever::read(folder.path(), clock.now().wall).engaged) << text;
  }
}

TEST_F(SafetyLever, WithoutADiskItIsEngagedAllTheSameAndReleasedNot) {
  const std::string nowhere = folder.path() + "/gone";
  Lever lever{nowhere, clock};
  EXPECT_FALSE(lever.state().engaged);
  EXPECT_EQ(lever.set(true, "quick").error().code, ErrorCode::unavailable);
  EXPECT_TRUE(lever.state().engaged);
  EXPECT_FALSE(lever.set(false, "never mind"));
  EXPECT_TRUE(lever.state().engaged);
}

TEST_F(SafetyLever, ABodyThatSaysNothingIsNamedAndMovesNothing) {
  for (const auto& [body, pointer] : {std::pair{"{}", "/engaged"},
                                      {R"({"engaged":1,"reason":"x"})", "/engaged"},
                                      {R"({"engaged":true})", "/reason"},
                                      {R"({"engaged":true,"reason":""})", "/reason"}}) {
    const auto reply = call("PUT", kLever, body);
    EXPECT_EQ(reply.status, 422) << body;
    EXPECT_EQ(json_of(reply)["errors"][0]["pointer"], pointer) << body;
  }
  EXPECT_EQ(call("PUT", kLever, "{").status, 400);
  EXPECT_FALSE(life->service.lever().engaged);
}

/// The service with another mode over the same ledger, as --heal-only or --read-only start it.
class Modes : public ApiTest {
 protected:
  void use(ServiceMode mode) {
    ServiceLimits limits;
    limits.mode = mode;
    service = std::make_unique<ChaosService>("run1", limits, life->ledger(), life->board, clock,
                                             &life->lever);
    guard = std::make_unique<Guard>(GuardMode::off, *service, life->board, life->ledger(), nullptr,
                                    clock);
    api = std::make_unique<Api>(
        Api::Parts{*service, life->feed, *audit, clock, silent_logger(), *guard, life->desk,
                   life->experiments, 0},
        AccessRules{TokenBook::parse(std::string{"admin "} + kOperator).value(), {}, {}});
  }
  std::unique_ptr<ChaosService> service;
  std::unique_ptr<Guard> guard;
};

TEST_F(Modes, HealOnlyUndoesAndBeginsNothing) {
  const auto id = life->inject(FaultKind::kill, "n1").id;
  life->work();
  use(ServiceMode::heal_only);
  EXPECT_EQ(call("POST", kFaults, R"({"kind":"kill","target":"n2","duration_s":60})").status, 403);
  auto stop = request("POST", "/api/chaos/node/stop");
  stop.query["name"] = "n2";
  EXPECT_EQ(reply_to(stop).status, 403);
  const auto plan = json_of(
      call("POST", "/api/chaos/v1/plans", R"({"kind":"kill","target":"n2","duration_s":60})"));
  EXPECT_EQ(plan["guard"]["verdict"], "refuse");
  EXPECT_THAT(plan["guard"]["reasons"][0].get<std::string>(), HasSubstr("--heal-only"));
  EXPECT_EQ(call("DELETE", std::string{kFaults} + "/" + id.value).status, 202);
  EXPECT_EQ(call("PUT", kLever, kEngage).status, 200);
  life->work();
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(Modes, ReadOnlyTakesNoCallThatChangesAnythingAndStillUndoesInTime) {
  const auto id = life->inject(FaultKind::kill, "n1", 5).id;
  life->work();
  use(ServiceMode::read_only);
  for (const auto& route : api->routes()) {
    const std::string path = route.path == std::string{kFaults} + "/{id}"
                                 ? std::string{kFaults} + "/" + id.value
                                 : route.path;
    const auto status = call(route.method, path).status;
    if (route.method == "GET" || route.effect == Effect::none) {
      EXPECT_NE(status, 403) << route.method << " " << route.path;
    } else {
      EXPECT_EQ(status, 403) << route.method << " " << route.path;
    }
  }
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  life->pass(6s);
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

}  // namespace
}  // namespace faultline::chaos
