#include "chaosd/http/api.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "common/wire/chaos_json.hpp"
#include "tests/unit/chaosd/api_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class RestApi : public ApiTest {};

TEST_F(RestApi, AnAcceptedFaultIs202WithItsLocation) {
  const auto reply = call("POST", kFaults, kKill);
  EXPECT_EQ(reply.status, 202);
  const auto fault = json_of(reply);
  EXPECT_EQ(fault["state"], "queued");
  EXPECT_EQ(header(reply, "Location"), std::string{kFaults} + "/" + fault["id"].get<std::string>());
  const auto again = call("GET", header(reply, "Location"));
  EXPECT_EQ(json_of(again)["id"], fault["id"]);
}

TEST_F(RestApi, ListsOpenFaultsOrAll) {
  call("POST", kFaults, R"({"kind":"restart","target":"n1","duration_s":60})");
  life->work();
  call("POST", kFaults, R"({"kind":"kill","target":"n2","duration_s":60})");
  EXPECT_EQ(json_of(call("GET", kFaults))["faults"].size(), 1U);
  auto all = request("GET", kFaults);
  all.query["state"] = "all";
  EXPECT_EQ(json_of(reply_to(all))["faults"].size(), 2U);
  all.query["state"] = "some";
  EXPECT_EQ(reply_to(all).status, 422);
}

TEST_F(RestApi, UndoAndHealAre202AndMayBeRepeated) {
  const auto id = json_of(call("POST", kFaults, kKill))["id"].get<std::string>();
  life->work();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(call("DELETE", std::string{kFaults} + "/" + id).status, 202);
    life->work();
    const auto healed = call("POST", "/api/chaos/v1/heal");
    EXPECT_EQ(healed.status, 202);
    EXPECT_TRUE(json_of(healed)["faults"].empty());
  }
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(RestApi, TheTwoOriginalCallsStopAndStart) {
  auto stop = request("POST", "/api/chaos/node/stop");
  stop.query["name"] = "n%31";
  EXPECT_EQ(reply_to(stop).status, 202);
  life->work();
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  auto start = request("POST", "/api/chaos/node/start");
  start.query["name"] = "n1";
  const auto reply = reply_to(start);
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(json_of(reply)["fault"]["state"], "reverting");
  EXPECT_EQ(json_of(reply)["target"]["name"], "n1");
  life->work();
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(RestApi, NoCallEndsWhatItsRuntimeWouldRemove) {
  world.at("n1").removed_when_down = true;
  life->watch.step();
  auto stop = request("POST", "/api/chaos/node/stop");
  stop.query["name"] = "n1";
  for (const auto& reply : {reply_to(stop), call("POST", kFaults, kKill)}) {
    EXPECT_EQ(reply.status, 409);
    EXPECT_NE(reply.body.find("n1 was made with --rm"), std::string::npos) << reply.body;
  }
  life->work();
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

TEST_F(RestApi, TheOriginalCallsNameTheirParameter) {
  for (const char* path : {"/api/chaos/node/stop", "/api/chaos/node/start"}) {
    EXPECT_EQ(json_of(call("POST", path))["errors"][0]["pointer"], "/name");
    auto unknown = request("POST", path);
    unknown.query["name"] = "n9";
    const auto reply = reply_to(unknown);
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(json_of(reply)["errors"][0]["pointer"], "/name");
  }
}

TEST_F(RestApi, AnErrorIsAProblemThatNamesTheField) {
  const auto reply = call("POST", kFaults, R"({"kind":"kill","target":"n1"})");
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  const auto problem = json_of(reply);
  for (const char* key : {"type", "title", "status", "detail", "code", "errors"}) {
    EXPECT_TRUE(problem.contains(key)) << key;
  }
  EXPECT_EQ(problem["errors"][0]["pointer"], "/duration_s");
  EXPECT_EQ(problem["status"], 422);
}

TEST_F(RestApi, EveryRefusalLeavesTheWorldAlone) {
  call("POST", kFaults, "{");
  call("POST", kFaults, R"({"kind":"kill","target":"n9","duration_s":60})");
  call("POST", kFaults, R"({"kind":"kill","duration_s":60})");
  call("POST", kFaults, R"({"kind":"kill","target":"n1","duration_s":999999})");
  life->work();
  EXPECT_TRUE(world.calls.empty());
  EXPECT_TRUE(life->service.faults(false).empty());
}

TEST_F(RestApi, EachRouteNeedsItsRole) {
  std::map<Role, std::string> tokens{
      {Role::viewer, kViewer}, {Role::fault_operator, kOperator}, {Role::admin, kAdmin}};
  for (const auto& route : api->routes()) {
    auto in = request(route.method, route.path == std::string{kFaults} + "/{id}"
                                        ? std::string{kFaults} + "/f-0"
                                        : route.path);
    in.authorization.reset();
    const int without = reply_to(in).status;
    EXPECT_EQ(without == 401, route.needs != Role::anyone) << route.method << " " << route.path;
    for (const auto& [role, token] : tokens) {
      in.authorization = "Bearer " + token;
      EXPECT_EQ(reply_to(in).status == 403, role < route.needs)
          << route.method << " " << route.path << " as " << to_string(role);
    }
  }
}

TEST_F(RestApi, NoMutatingRouteIsOpenToViewers) {
  for (const auto& route : api->routes()) {
    // A plan is posted for its body, and does nothing.
    if (route.method == "GET" || route.path == "/api/chaos/v1/plans") continue;
    EXPECT_GE(route.needs, Role::fault_operator) << route.path;
  }
}

TEST_F(RestApi, NoGetChangesAnything) {
  life->inject(FaultKind::kill, "n1");
  life->work();
  const auto calls = world.calls;
  const auto seq = life->feed.seq();
  for (const auto& route : api->routes()) {
    if (route.method == "GET") call("GET", route.path);
  }
  life->work();
  EXPECT_EQ(world.calls, calls);
  EXPECT_EQ(life->feed.seq(), seq);
  EXPECT_TRUE(audit->last(10).empty());
}

TEST_F(RestApi, AMissingTokenIs401AndSaysWhatIsWanted) {
  auto in = request("POST", kFaults, kKill);
  in.authorization.reset();
  const auto reply = reply_to(in);
  EXPECT_EQ(reply.status, 401);
  EXPECT_THAT(header(reply, "WWW-Authenticate"), HasSubstr("Bearer"));
}

TEST_F(RestApi, AForeignOriginAndAForeignHostAre403) {
  auto in = request("POST", kFaults, kKill);
  in.origin = "http://evil.example";
  EXPECT_EQ(reply_to(in).status, 403);
  in.origin.reset();
  in.host = "evil.example";
  EXPECT_EQ(reply_to(in).status, 403);
  life->work();
  EXPECT_TRUE(world.calls.empty());
}

TEST_F(RestApi, AnUnknownPathIs404AndAWrongMethod405WithAllow) {
  EXPECT_EQ(call("GET", "/api/chaos/v1/nothing").status, 404);
  EXPECT_EQ(call("GET", "//api/chaos/v1/faults").status, 404);
  EXPECT_EQ(call("GET", "/api/chaos/v1/faults/").status, 404);
  const auto reply = call("PUT", kFaults);
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(header(reply, "Allow"), "GET, POST");
  EXPECT_EQ(reply.content_type, "application/problem+json");
  EXPECT_EQ(call("GET", "/api/chaos/node/stop").status, 405);
}

TEST_F(RestApi, ABodyMustBeJsonByItsContentType) {
  auto in = request("POST", kFaults, kKill);
  for (const char* type :
       {"text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"}) {
    in.content_type = type;
    EXPECT_EQ(reply_to(in).status, 415) << type;
  }
  in.content_type.reset();
  EXPECT_EQ(reply_to(in).status, 415);
  in.content_type = "Application/JSON; charset=utf-8";
  EXPECT_EQ(reply_to(in).status, 202);
}

TEST_F(RestApi, ABodyOverTheLimitIs413) {
  EXPECT_EQ(call("POST", kFaults, std::string(Api::kBodyMax + 1, ' ')).status, 413);
  EXPECT_EQ(call("POST", kFaults, kKill + std::string(Api::kBodyMax - 60, ' ')).status, 202);
}

TEST_F(RestApi, AWrongEscapeIs400) {
  auto in = request("POST", "/api/chaos/node/stop");
  in.query["name"] = "%zz";
  EXPECT_EQ(reply_to(in).status, 400);
  EXPECT_EQ(call("GET", std::string{kFaults} + "/%00").status, 400);
}

TEST_F(RestApi, TheAuditHasEveryMutatingCallAndNoSecret) {
  call("POST", kFaults, kKill);
  auto refused = request("POST", kFaults, kKill);
  refused.authorization = "Bearer some-stolen-token-0123456789";
  refused.query["token"] = "secret-in-the-address";
  reply_to(refused);
  call("DELETE", std::string{kFaults} + "/f-none");
  call("POST", "/nowhere");
  const auto entries = audit->last(10);
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].status, 404);
  EXPECT_EQ(entries[1].status, 404);
  EXPECT_EQ(entries[2].status, 401);
  EXPECT_EQ(entries[2].role, "none");
  EXPECT_EQ(entries[3].status, 202);
  EXPECT_EQ(entries[3].role, "operator");
  EXPECT_EQ(entries[3].remote, "192.0.2.1");
  EXPECT_THAT(entries[3].outcome, HasSubstr("kill of n1 is queued"));
  std::ifstream file{folder.path() + "/audit.jsonl"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_THAT(text, Not(HasSubstr("token-0123456789")));
  EXPECT_THAT(text, Not(HasSubstr("secret-in-the-address")));
}

TEST_F(RestApi, AnAdminReadsTheAudit) {
  call("POST", kFaults, kKill);
  auto in = request("GET", "/api/chaos/v1/audit");
  in.authorization = std::string{"Bearer "} + kAdmin;
  EXPECT_EQ(json_of(reply_to(in))["entries"].size(), 1U);
  for (const char* limit : {"0", "1001", "-1", "x", ""}) {
    in.query["limit"] = limit;
    EXPECT_EQ(reply_to(in).status, 422) << limit;
  }
}

TEST_F(RestApi, CapabilitiesNameEveryKind) {
  const auto body = json_of(call("GET", "/api/chaos/v1/capabilities"));
  EXPECT_EQ(body["runtime"], "docker");
  EXPECT_EQ(body["runtime_ok"], true);
  EXPECT_EQ(body["runtime_detail"], "Fake Engine 1.0");
  EXPECT_EQ(body["max_duration_s"], 1800);
  EXPECT_EQ(body["faults"].size(), fault_catalogue().size());
}

TEST_F(RestApi, ReadyTurnsFalseWhileLeavingAndWhenTheRuntimeIsAway) {
  EXPECT_EQ(call("GET", "/-/ready").status, 200);
  world.errors["list"] = {ErrorCode::unavailable, "gone"};
  life->watch.step();
  EXPECT_EQ(call("GET", "/-/ready").status, 503);
  EXPECT_EQ(call("GET", "/-/healthy").status, 200);
  world.errors.clear();
  life->watch.step();
  life->service.close();
  EXPECT_EQ(call("GET", "/-/ready").status, 503);
  EXPECT_EQ(call("POST", kFaults, kKill).status, 503);
}

class FeedApi : public ApiTest {};

/// What other programs test against: schema/fixtures/chaos-*.json are these very answers.
/// FAULTLINE_REWRITE=1 writes them anew; then read the diff.
class ChaosFixtures : public ApiTest {
 protected:
  static void expect_fixture(const std::string& name, const Reply& reply) {
    const std::string path = std::string{FAULTLINE_SOURCE_DIR} + "/schema/fixtures/" + name;
    if (std::getenv("FAULTLINE_REWRITE") != nullptr) {
      std::ofstream{path} << json_of(reply).dump(2) << "\n";
    }
    std::ifstream file{path};
    EXPECT_EQ(json_of(reply), nlohmann::json::parse(file, nullptr, false)) << path;
  }
};

TEST_F(ChaosFixtures, AreTheAnswersThereAre) {
  life->board.put_nodes(std::vector<NodeAddress>{{NodeId{1}, "n1:26257"}, {NodeId{2}, "n2:26257"}},
                        clock.now().wall);
  expect_fixture("chaos-capabilities.json", call("GET", "/api/chaos/v1/capabilities"));
  expect_fixture("chaos-fault.json", call("POST", kFaults, kKill));
  expect_fixture("chaos-problem.json", call("POST", kFaults, R"({"kind":"kill","target":"n1"})"));
  call("POST", kFaults, R"({"kind":"restart","node_id":2,"duration_s":60})");
  life->pass(1s);
  expect_fixture("chaos-events.json", call("GET", "/api/chaos/v1/events"));
}

TEST_F(FeedApi, TheAnswerIsWhatTheExporterReads) {
  life->inject(FaultKind::kill, "n1");
  life->work();
  const auto body = json_of(call("GET", "/api/chaos/v1/events"));
  const auto view = wire::read_chaos_view(body);
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(view->boot, "run1");
  EXPECT_EQ(view->targets.size(), 3U);
  ASSERT_EQ(view->faults.size(), 1U);
  EXPECT_EQ(view->faults[0].state, FaultState::active);
  EXPECT_EQ(body["gap"], false);
  EXPECT_EQ(body["events"].back()["kind"], "fault_state");
  EXPECT_EQ(body["events"].back()["sentence"], "kill of n1 is active");
}

TEST_F(FeedApi, APollWithoutNewsIsAnsweredLaterAndOnce) {
  auto in = request("GET", "/api/chaos/v1/events");
  in.query = {{"after", std::to_string(life->feed.seq())}, {"boot", "run1"}, {"wait_ms", "25000"}};
  std::vector<Reply> replies;
  api->handle(in, [&](Reply reply) { replies.push_back(std::move(reply)); });
  EXPECT_TRUE(replies.empty());
  world.at("n1").state = ContainerState::exited;
  life->watch.step();
  life->feed.step(clock.now().steady);
  life->feed.step(clock.now().steady + 60s);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(json_of(replies[0])["events"][0]["state"], "exited");
}

TEST_F(FeedApi, OneTooManyPollsIs503WithRetryAfter) {
  auto in = request("GET", "/api/chaos/v1/events");
  in.query = {{"after", std::to_string(life->feed.seq())}, {"wait_ms", "25000"}};
  int answered = 0;
  for (int i = 0; i < 64; ++i) api->handle(in, [&](const Reply&) { answered += 1; });
  EXPECT_EQ(answered, 0);
  const auto reply = reply_to(in);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(header(reply, "Retry-After"), "1");
  life->feed.close();
  EXPECT_EQ(answered, 64);
}

TEST_F(FeedApi, WrongParametersAreNamed) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"after", "x"}, {"after", "-1"}, {"after", ""}, {"wait_ms", "30001"}, {"wait_ms", "1e3"}};
  for (const auto& [name, value] : wrong) {
    auto in = request("GET", "/api/chaos/v1/events");
    in.query[name] = value;
    const auto reply = reply_to(in);
    EXPECT_EQ(reply.status, 422) << name << "=" << value;
    EXPECT_EQ(json_of(reply)["errors"][0]["pointer"], "/" + name);
  }
}

}  // namespace
}  // namespace faultline::chaos
