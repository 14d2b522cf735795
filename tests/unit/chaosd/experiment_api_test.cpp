#include <set>

#include <gmock/gmock.h>

#include "chaosd/service/experiment_runner.hpp"
#include "tests/unit/chaosd/api_under_test.hpp"
#include "tests/unit/chaosd/fake_impact.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPath = "/api/chaos/v1/experiments";
constexpr const char* kOnce =
    R"({"name":"lose one","steps":[{"faults":[{"kind":"kill","target":"n1","duration_s":5}]}]})";

/// The routes over one life of chaosd without an exporter, hence answered at once.
class ExperimentApi : public ApiTest {
 protected:
  void pass(milliseconds time) {
    ExperimentRunner runner{life->book, life->service, life->guard,    life->ledger(),
                            {},         clock,         silent_logger()};
    for (constexpr milliseconds kStep{100}; time > milliseconds{0}; time -= kStep) {
      clock.advance(kStep);
      life->watch.step();
      runner.step();
      life->work();
    }
  }
  std::string create(const std::string& body = kOnce) {
    const auto reply = call("POST", kPath, body);
    EXPECT_EQ(reply.status, 202) << reply.body;
    return json_of(reply).value("id", "");
  }
  nlohmann::json get(const std::string& id) {
    return json_of(call("GET", std::string{kPath} + "/" + id));
  }
};

TEST_F(ExperimentApi, AKeyOutlivesARestart) {
  auto in = request("POST", kPath, kOnce);
  in.idempotency_key = "tonight";
  const auto first = reply_to(in);
  ASSERT_EQ(first.status, 202) << first.body;
  const auto id = json_of(first)["id"];
  pass(7s);
  begin();
  renew_api();
  for (int time = 0; time < 2; ++time) {
    const auto again = reply_to(in);
    EXPECT_EQ(again.status, 202) << again.body;
    EXPECT_EQ(json_of(again)["id"], id) << "it would be done twice";
    EXPECT_EQ(std::count(again.headers.begin(), again.headers.end(),
                         std::pair<std::string, std::string>{"Idempotency-Replayed", "true"}),
              1);
  }
  begin();
  renew_api();
  auto other = in;
  other.body = std::string{kOnce} + " ";
  EXPECT_EQ(reply_to(other).status, 422);
  EXPECT_EQ(life->experiments.list(false).size(), 1U);
  clock.advance(24h);
  EXPECT_EQ(reply_to(other).status, 202) << "it is kept for a day";
}

TEST_F(ExperimentApi, WhatBecameOfThemIsInTheMetrics) {
  const auto page = [this] { return call("GET", "/metrics").body; };
  EXPECT_THAT(page(), HasSubstr("faultline_chaosd_experiment_runs_total{outcome=\"missed\"} 0\n"));
  EXPECT_THAT(page(), Not(HasSubstr("next_run_timestamp_seconds ")));
  create();
  pass(7s);
  create(R"({"name":"again","steps":[{"faults":[{"kind":"kill","target":"n1","duration_s":5}]}],)"
         R"("schedule":{"every_s":60}})");
  pass(10s);
  const auto text = page();
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_experiments{state=\"done\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_experiments{state=\"scheduled\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_experiments{state=\"aborted\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_experiment_runs_total{outcome=\"done\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("faultline_chaosd_experiment_failures_total 0\n"));
  // The clock of the test begins at 1,800,000,000; the second was asked for 7 s later.
  EXPECT_THAT(text,
              HasSubstr("faultline_chaosd_experiment_next_run_timestamp_seconds 1800000067\n"));
}

TEST_F(ExperimentApi, OneIsTakenAndToldWithAllOfIt) {
  const auto reply = call("POST", kPath, kOnce);
  EXPECT_EQ(reply.status, 202);
  const auto body = json_of(reply);
  EXPECT_EQ(header(reply, "Location"), std::string{kPath} + "/" + body["id"].get<std::string>());
  EXPECT_EQ(body["state"], "scheduled");
  EXPECT_EQ(body["desired"], "on");
  EXPECT_EQ(body["definition"], nlohmann::json::parse(kOnce));
  EXPECT_EQ(body["last_run"], nullptr);
  pass(7s);
  const auto done = get(body["id"]);
  EXPECT_EQ(done["state"], "done");
  EXPECT_EQ(done["runs"][0]["state"], "done");
  EXPECT_EQ(done["runs"][0]["step"], 1);
  EXPECT_EQ(done["runs"][0]["records"][0]["target"], "n1");
  EXPECT_EQ(done["runs"][0]["records"][0]["experiment"]["id"], body["id"]);
  EXPECT_EQ(json_of(call("GET", kPath))["experiments"].size(), 0U) << "it is over";
  auto all = request("GET", kPath);
  all.query["state"] = "all";
  EXPECT_EQ(json_of(reply_to(all))["experiments"][0]["id"], body["id"]);
}

TEST_F(ExperimentApi, WhatIsNotOverIsListedAndItsFaultsSayWhoBeganThem) {
  const auto id = create();
  pass(1s);
  const auto open = json_of(call("GET", kPath))["experiments"];
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0]["state"], "running");
  const auto faults = json_of(call("GET", kFaults))["faults"];
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0]["experiment"], (nlohmann::json{{"id", id}, {"run", 1}, {"step", 1}}));
  const auto events = json_of(call("GET", "/api/chaos/v1/events"));
  EXPECT_EQ(events["experiments"][0]["id"], id);
  std::set<std::string> kinds;
  for (const auto& event : events["events"]) {
    if (event["experiment_id"] == id) kinds.insert(event["kind"].get<std::string>());
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"experiment_state", "fault_state"}));
}

TEST_F(ExperimentApi, DeleteStopsItAndMayBeRepeated) {
  const auto id = create();
  pass(1s);
  const auto path = std::string{kPath} + "/" + id;
  const auto reply = call("DELETE", path);
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(header(reply, "Location"), path);
  EXPECT_EQ(json_of(reply)["desired"], "off");
  pass(1s);
  EXPECT_EQ(get(id)["state"], "stopped");
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
  EXPECT_EQ(json_of(call("DELETE", path))["state"], "stopped");
}

TEST_F(ExperimentApi, HealStopsItTooAndSaysWhatIsUndone) {
  const auto id = create();
  pass(1s);
  const auto reply = call("POST", "/api/chaos/v1/heal");
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(json_of(reply)["faults"].size(), 1U);
  pass(1s);
  EXPECT_EQ(get(id)["state"], "stopped");
  EXPECT_EQ(get(id)["reason"], "everything is healed on request");
}

TEST_F(ExperimentApi, TheSameCallWithItsKeyIsNotDoneTwice) {
  auto in = request("POST", kPath, kOnce);
  in.idempotency_key = "once";
  const auto first = reply_to(in);
  const auto second = reply_to(in);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(header(second, "Idempotency-Replayed"), "true");
  EXPECT_EQ(life->book.all().size(), 1U);
}

TEST_F(ExperimentApi, WhoOnlyLooksMayNotBreakOrStop) {
  const auto id = create();
  for (auto in :
       {request("POST", kPath, kOnce), request("DELETE", std::string{kPath} + "/" + id)}) {
    in.authorization = std::string{"Bearer "} + kViewer;
    EXPECT_EQ(reply_to(in).status, 403) << in.method;
  }
  auto look = request("GET", std::string{kPath} + "/" + id);
  look.authorization = std::string{"Bearer "} + kViewer;
  EXPECT_EQ(reply_to(look).status, 200);
}

TEST_F(ExperimentApi, RefusalsNameTheField) {
  struct Row {
    std::string body;
    int status;
    std::string pointer;
  };
  const std::string steps =
      R"("steps":[{"faults":[{"kind":"kill","target":"n1","duration_s":5}]}])";
  for (
      const auto& row : std::vector<Row>{
          {"{", 400, ""},
          {R"({"name":"x"})", 422, "/steps"},
          {R"({"name":"x",)" + steps + R"(,"shedule":{"every_s":60}})", 422, ""},
          {R"({"name":"x",)" + steps + R"(,"abort":[{"promql":"up"}]})", 422, "/abort/0/promql"},
          {R"({"name":"x",)" + steps + R"(,"abort":[{"verdict":"degraded"}]})", 422,
           "/abort/0/verdict"},
          {R"({"name":"x","steps":[{"faults":[{"kind":"kill","target":"n9","duration_s":5}]}]})",
           404, "/steps/0/faults/0/target"},
          {R"({"name":"x","steps":[{"faults":[{"kind":"kill","target":"n1","duration_s":99999}]}]})",
           422, "/steps/0/faults/0/duration_s"}}) {
    const auto reply = call("POST", kPath, row.body);
    EXPECT_EQ(reply.status, row.status) << row.body << reply.body;
    if (!row.pointer.empty()) {
      EXPECT_EQ(json_of(reply)["errors"][0]["pointer"], row.pointer) << row.body;
    }
  }
  EXPECT_TRUE(life->book.all().empty());
  EXPECT_EQ(call("GET", std::string{kPath} + "/e-0").status, 404);
  EXPECT_EQ(call("DELETE", std::string{kPath} + "/e-0").status, 404);
}

TEST_F(ExperimentApi, ThePlansOfAllStepsAreInTheRefusal) {
  life->meet_nodes();
  FakeImpact impact;
  impact.answer = FakeImpact::losing_quorum();
  Guard guard{GuardMode::enforce, life->service, life->board, life->ledger(), &impact, clock};
  ExperimentService experiments{life->book, life->service, guard, life->ledger(), {}};
  const Api guarded{{life->service, life->feed, *audit, clock, silent_logger(), guard, life->desk,
                     experiments, 0},
                    AccessRules{}};
  std::vector<Reply> replies;
  const auto post = [&](const std::string& body) {
    auto in = request("POST", kPath, body);
    in.authorization.reset();
    guarded.handle(in, [&](Reply reply) { replies.push_back(std::move(reply)); });
    EXPECT_TRUE(replies.empty()) << "it may wait for the exporter";
    while (life->desk.step()) {
    }
    return replies.empty() ? Reply{} : std::exchange(replies, {}).front();
  };
  const auto refused = post(kOnce);
  EXPECT_EQ(refused.status, 409);
  const auto said = json_of(refused);
  EXPECT_EQ(said["code"], "plan_not_accepted");
  ASSERT_EQ(said["plans"].size(), 1U);
  EXPECT_EQ(said["plans"][0]["targets"][0]["target"], "n1");
  EXPECT_THAT(said["detail"].get<std::string>(), HasSubstr("step 1: 14 ranges"));
  auto body = nlohmann::json::parse(kOnce);
  body["accept_plan"] = said["plan_hash"];
  const auto taken = post(body.dump());
  EXPECT_EQ(taken.status, 202);
  EXPECT_EQ(json_of(taken)["accepted_plans"][0], said["plans"][0]["plan_hash"]);
  EXPECT_FALSE(json_of(taken)["definition"].contains("accept_plan"));
}

class ExperimentModes : public ApiTest {
 protected:
  Reply in_mode(ServiceMode mode, const HttpRequestIn& in) {
    ChaosService service{"run9", {1800s, 300s, mode}, life->ledger(), life->board, clock};
    Guard guard{GuardMode::off, service, life->board, life->ledger(), nullptr, clock};
    ExperimentService experiments{life->book, service, guard, life->ledger(), {}};
    const Api other{
        {service, life->feed, *audit, clock, silent_logger(), guard, life->desk, experiments, 0},
        AccessRules{}};
    Reply answer;
    auto anonymous = in;
    anonymous.authorization.reset();
    other.handle(anonymous, [&](Reply reply) { answer = std::move(reply); });
    return answer;
  }
};

TEST_F(ExperimentModes, HealOnlyStopsThemAndTakesNone) {
  const auto path =
      std::string{kPath} + "/" + json_of(call("POST", kPath, kOnce))["id"].get<std::string>();
  EXPECT_EQ(in_mode(ServiceMode::heal_only, request("POST", kPath, kOnce)).status, 403);
  EXPECT_EQ(in_mode(ServiceMode::read_only, request("POST", kPath, kOnce)).status, 403);
  EXPECT_EQ(in_mode(ServiceMode::read_only, request("DELETE", path)).status, 403);
  EXPECT_EQ(in_mode(ServiceMode::read_only, request("GET", path)).status, 200);
  EXPECT_EQ(in_mode(ServiceMode::heal_only, request("DELETE", path)).status, 202);
}

}  // namespace
}  // namespace faultline::chaos
