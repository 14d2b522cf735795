#include "chaosd/service/guard.hpp"

#include <future>

#include <gmock/gmock.h>

#include "chaosd/http/fault_request.hpp"
#include "tests/unit/chaosd/api_under_test.hpp"
#include "tests/unit/chaosd/fake_impact.hpp"
#include "tests/unit/chaosd/fake_leaseholders.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kPlans = "/api/chaos/v1/plans";

/// Three targets that are nodes 1 to 3, an exporter that says what the test wants, and a
/// guard that enforces.
class Guarded : public ApiTest {
 protected:
  Guarded() {
    life->meet_nodes();
    use(GuardMode::enforce);
  }
  void use(GuardMode mode) {
    guard = std::make_unique<Guard>(mode, life->service, life->board, life->ledger(), &impact,
                                    clock, &leaseholders);
    api = std::make_unique<Api>(
        Api::Parts{life->service, life->feed, *audit, clock, silent_logger(), *guard, life->desk,
                   life->experiments, 0},
        AccessRules{TokenBook::parse(std::string{"operator "} + kOperator).value(), {}, {}});
    worker = std::make_unique<FaultWorker>(Lane::any, runtime, life->ledger(), life->feed, clock,
                                           silent_logger(), guard.get());
  }
  /// The reply of a call that waits for the plan desk.
  Reply planned(const std::string& path, const std::string& body) {
    std::optional<Reply> reply;
    api->handle(request("POST", path, body), [&](Reply one) { reply = std::move(one); });
    while (life->desk.step()) {
    }
    EXPECT_TRUE(reply);
    return reply.value_or(Reply{});
  }
  void work() {
    while (worker->step()) {
    }
  }
  static std::string accepting(const std::string& hash) {
    return R"({"kind":"kill","target":"n1","duration_s":60,"accept_plan":")" + hash + "\"}";
  }

  FakeImpact impact;
  FakeLeaseholders leaseholders;
  FakeRuntime runtime{world};
  std::unique_ptr<Guard> guard;
  std::unique_ptr<FaultWorker> worker;
};

TEST_F(Guarded, APlanTellsWhatWouldHappenAndDoesNothing) {
  impact.answer = FakeImpact::losing_quorum(14);
  const auto reply = planned(kPlans, kKill);
  EXPECT_EQ(reply.status, 200);
  const auto plan = json_of(reply);
  EXPECT_EQ(plan["targets"][0]["target"], "n1");
  EXPECT_EQ(plan["targets"][0]["node_id"], 1);
  EXPECT_EQ(plan["guard"]["verdict"], "needs_acceptance");
  EXPECT_EQ(plan["forecast"]["quorum_lost"], 14);
  ASSERT_EQ(impact.asked.size(), 1U);
  EXPECT_EQ(impact.asked[0].nodes, std::vector{NodeId{1}});
  EXPECT_EQ(impact.asked[0].fault, ImpactFault::kill);
  EXPECT_TRUE(life->service.faults(false).empty());
}

TEST_F(Guarded, WhatIsHarmlessIsInjectedAtOnce) {
  const auto reply = planned(kFaults, kKill);
  EXPECT_EQ(reply.status, 202);
  work();
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  const auto id = json_of(reply)["id"].get<std::string>();
  const auto kept = json_of(call("GET", std::string{kFaults} + "/" + id + "/plan"));
  EXPECT_EQ(kept["plan"]["verdict"], "allow");
  EXPECT_EQ(kept["plan"]["lease_lost"], 20);
}

TEST_F(Guarded, LosingQuorumIsRefusedWithThePlanAndWhatWouldDo) {
  impact.answer = FakeImpact::losing_quorum(14);
  const auto reply = planned(kFaults, kKill);
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  const auto problem = json_of(reply);
  EXPECT_EQ(problem["code"], "plan_not_accepted");
  const auto hash = problem["plan"]["plan_hash"].get<std::string>();
  EXPECT_THAT(problem["detail"].get<std::string>(), HasSubstr("accept_plan \"" + hash));
  work();
  EXPECT_TRUE(world.calls.empty());
  EXPECT_TRUE(life->service.faults(false).empty());

  const auto accepted = planned(kFaults, accepting(hash));
  EXPECT_EQ(accepted.status, 202);
  const auto id = json_of(accepted)["id"].get<std::string>();
  EXPECT_EQ(json_of(call("GET", std::string{kFaults} + "/" + id + "/plan"))["plan"]["accepted"],
            true);
  work();
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
}

TEST_F(Guarded, AnAcceptanceIsOfThatVeryPlan) {
  impact.answer = Error{ErrorCode::unavailable, "connection refused"};
  const auto blind = json_of(planned(kFaults, kKill))["plan"]["plan_hash"].get<std::string>();
  impact.answer = FakeImpact::losing_quorum();
  const auto reply = planned(kFaults, accepting(blind));
  EXPECT_EQ(reply.status, 409);
  EXPECT_THAT(json_of(reply)["detail"].get<std::string>(), HasSubstr("not the one of now"));
  EXPECT_EQ(planned(kFaults, accepting("")).status, 409);
}

TEST_F(Guarded, NodesThatOtherFaultsHoldDownAreAskedAboutToo) {
  ASSERT_EQ(planned(kFaults, R"({"kind":"kill","target":"n3","duration_s":60})").status, 202);
  planned(kPlans, kKill);
  EXPECT_EQ(impact.asked.back().nodes, (std::vector{NodeId{1}, NodeId{3}}));
  const auto plan = json_of(planned(kPlans, kKill));
  EXPECT_EQ(plan["guard"]["verdict"], "needs_acceptance") << "two of three are a majority";
}

/// As an experiment's step and a call, or two calls, may be.
TEST_F(Guarded, OfTwoOrdersAtOnceTheSecondKnowsOfTheFirst) {
  const auto inject = [&](const char* target) {
    InjectOrder order;
    order.faults.push_back(request_for(FaultKind::kill, target));
    return guard->inject(order);
  };
  std::future<Result<Injection>> second;
  impact.while_asked = [&] {
    second = std::async(std::launch::async, inject, "n3");
    // It must not come through now; how long that is looked at only tells how sure a failure is.
    EXPECT_EQ(second.wait_for(50ms), std::future_status::timeout);
  };
  const auto first = inject("n1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->faults.size(), 1U);
  const auto after = second.get();
  ASSERT_TRUE(after);
  EXPECT_TRUE(after->faults.empty()) << "two of three are a majority";
  EXPECT_EQ(after->plan.verdict, GuardVerdict::needs_acceptance);
  EXPECT_EQ(impact.asked.back().nodes, (std::vector{NodeId{1}, NodeId{3}}));
}

TEST_F(Guarded, WhatBecameWorseBeforeItWasBegunIsNotBegun) {
  const auto id = json_of(planned(kFaults, kKill))["id"].get<std::string>();
  clock.advance(Guard::kFresh + 1ms);  // Another order kept the worker busy.
  impact.answer = FakeImpact::losing_quorum();
  work();
  EXPECT_TRUE(world.calls.empty());
  const auto fault = life->fault({id});
  EXPECT_EQ(fault.state, FaultState::failed);
  EXPECT_THAT(fault.reason, HasSubstr("it has become worse"));
}

TEST_F(Guarded, AFreshPlanIsNotAskedForTwice) {
  planned(kFaults, kKill);
  work();
  EXPECT_EQ(impact.asked.size(), 1U);
  EXPECT_EQ(world.calls.size(), 1U);
}

TEST_F(Guarded, WhatWasAcceptedIsBegunHoweverLongItWaited) {
  impact.answer = FakeImpact::losing_quorum();
  const auto hash = json_of(planned(kFaults, kKill))["plan"]["plan_hash"].get<std::string>();
  planned(kFaults, accepting(hash));
  clock.advance(5s);
  work();
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
}

TEST_F(Guarded, AGuardThatWarnsInjectsAndKeepsThePlan) {
  use(GuardMode::warn);
  impact.answer = FakeImpact::losing_quorum(14);
  const auto reply = planned(kFaults, kKill);
  EXPECT_EQ(reply.status, 202);
  const auto id = json_of(reply)["id"].get<std::string>();
  EXPECT_EQ(life->service.plan_of({id})->quorum_lost, 14);
}

TEST_F(Guarded, AGuardThatIsOffAsksNobody) {
  use(GuardMode::off);
  EXPECT_EQ(planned(kFaults, kKill).status, 202);
  EXPECT_TRUE(impact.asked.empty());
}

TEST_F(Guarded, TheOriginalCallStopsWithoutAPlan) {
  impact.answer = FakeImpact::losing_quorum();
  auto stop = request("POST", "/api/chaos/node/stop");
  stop.query["name"] = "n1";
  EXPECT_EQ(reply_to(stop).status, 202);
  EXPECT_TRUE(impact.asked.empty());
}

TEST_F(Guarded, APlanOfWhatCannotBeDoneIsRefusedAndNotAnError) {
  world.at("n1").state = ContainerState::paused;
  life->watch.step();
  const auto reply = planned(kPlans, kKill);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(json_of(reply)["guard"]["verdict"], "refuse");
  EXPECT_THAT(json_of(reply)["targets"][0]["obstacle"].get<std::string>(), HasSubstr("paused"));
  EXPECT_EQ(planned(kFaults, kKill).status, 409);
}

TEST_F(Guarded, SeveralAreBegunTogetherOrNotAtAll) {
  const std::string both = R"({"faults":[{"kind":"kill","target":"n1","duration_s":60},)"
                           R"({"kind":"pause","target":"n2","duration_s":60}]})";
  const auto refused = planned(kFaults, both);
  ASSERT_EQ(refused.status, 409) << "two of three are a majority";
  EXPECT_TRUE(life->service.faults(false).empty());
  const auto hash = json_of(refused)["plan"]["plan_hash"].get<std::string>();
  const auto reply =
      planned(kFaults, both.substr(0, both.size() - 1) + R"(,"accept_plan":")" + hash + "\"}");
  ASSERT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(json_of(reply)["faults"].size(), 2U);
  EXPECT_EQ(json_of(reply)["plan_hash"], hash);
  work();
  EXPECT_EQ(world.at("n1").state, ContainerState::exited);
  EXPECT_EQ(world.at("n2").state, ContainerState::paused);
}

TEST_F(Guarded, AJournalThatTakesOnlyTheFirstOfTwoBeginsNeither) {
  use(GuardMode::off);
  // The second one is refused before anything is written: its target has a fault.
  planned(kFaults, R"({"kind":"kill","target":"n2","duration_s":60})");
  const auto reply = planned(kFaults, R"({"faults":[{"kind":"kill","target":"n1","duration_s":60},)"
                                      R"({"kind":"kill","target":"n2","duration_s":60}]})");
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(json_of(reply)["errors"][0]["pointer"], "/faults/1/target");
  EXPECT_EQ(life->service.faults(false).size(), 1U);
}

TEST_F(Guarded, ASelectionIsAnsweredAsAList) {
  const auto reply =
      planned(kFaults, R"({"kind":"kill","select":{"node_ids":[2],"mode":"one"},"duration_s":60})");
  ASSERT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(json_of(reply)["faults"][0]["target"], "n2");
}

TEST_F(Guarded, ATablesLeaseholderIsAskedForAndChosen) {
  const auto body = [](const std::string& table) {
    return R"({"kind":"kill","select":{"role":"leaseholder","mode":"one","table":")" + table +
           R"("},"duration_s":60})";
  };
  const auto reply = planned(kPlans, body("app.public.kv"));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(json_of(reply)["targets"][0]["target"], "n2");
  EXPECT_THAT(leaseholders.asked, ::testing::ElementsAre("app.public.kv"));

  leaseholders.answer = Error{ErrorCode::conflict, "57014: too long"};
  const auto unknown = planned(kFaults, body("app.public.kv"));
  EXPECT_EQ(unknown.status, 409) << "never a guess";
  EXPECT_EQ(json_of(unknown)["errors"][0]["pointer"], "/select/table");
  EXPECT_THAT(json_of(unknown)["detail"].get<std::string>(),
              HasSubstr("who has the leases of app.public.kv is not known: 57014"));

  leaseholders.answer = Error{ErrorCode::invalid, "table is no full name of a table"};
  EXPECT_EQ(planned(kFaults, body("kv")).status, 422);
  EXPECT_TRUE(life->service.faults(false).empty());
}

TEST_F(Guarded, OneTooManyPlansIs503AndTheRestIsAnswered) {
  int answered = 0;
  for (std::size_t i = 0; i < PlanDesk::kWaitingMax; ++i) {
    api->handle(request("POST", kPlans, kKill), [&](const Reply&) { answered += 1; });
  }
  EXPECT_EQ(reply_to(request("POST", kPlans, kKill)).status, 503);
  EXPECT_EQ(answered, 0);
  while (life->desk.step()) {
  }
  EXPECT_EQ(answered, static_cast<int>(PlanDesk::kWaitingMax));
}

TEST_F(Guarded, AnOrderThatHasWaitedTooLongIs503AndNotDone) {
  std::optional<Reply> late;
  api->handle(request("POST", kFaults, kKill), [&](Reply reply) { late = std::move(reply); });
  clock.advance(PlanDesk::kWaitMost + 1ms);
  std::optional<Reply> fresh;
  api->handle(request("POST", kPlans, kKill), [&](Reply reply) { fresh = std::move(reply); });
  while (life->desk.step()) {
  }
  ASSERT_TRUE(late);
  EXPECT_EQ(late->status, 503);
  EXPECT_THAT(json_of(*late)["detail"].get<std::string>(), HasSubstr("nothing was done"));
  EXPECT_TRUE(life->service.faults(false).empty());
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->status, 200) << "it has not waited";
}

struct WrongOrder {
  const char* body;
  const char* pointer;
};

class WrongOrders : public Guarded, public ::testing::WithParamInterface<WrongOrder> {};

TEST_P(WrongOrders, AreNamedAndChangeNothing) {
  for (const char* path : {kPlans, kFaults}) {
    const auto reply = planned(path, GetParam().body);
    EXPECT_THAT(reply.status, ::testing::AnyOf(422, 404)) << reply.body;
    EXPECT_EQ(json_of(reply)["errors"][0]["pointer"], GetParam().pointer) << reply.body;
  }
  EXPECT_TRUE(life->service.faults(false).empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongOrders,
    ::testing::Values(
        WrongOrder{R"({"faults":[]})", "/faults"}, WrongOrder{R"({"faults":{}})", "/faults"},
        WrongOrder{R"({"faults":[7]})", "/faults/0"},
        WrongOrder{R"({"faults":[{"kind":"kill","target":"n1"}]})", "/faults/0/duration_s"},
        WrongOrder{R"({"faults":[{"kind":"kill","target":"n9","duration_s":1}]})",
                   "/faults/0/target"},
        WrongOrder{R"({"faults":[{"kind":"kill","target":"n1","duration_s":1},)"
                   R"({"kind":"stop","target":"n1","duration_s":9}]})",
                   "/faults/1/target"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"target":"n1","accept_plan":7})",
                   "/accept_plan"},
        WrongOrder{R"({"kind":"kill","duration_s":1})", "/target"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":7})", "/select"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":{"mode":"one"}})", "/select"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":{"names":["n1"]}})", "/select/mode"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":{"names":["n1"],"mode":"any"}})",
                   "/select/mode"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":{"names":[],"mode":"one"}})",
                   "/select/names"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":{"name":["n1"],"mode":"one"}})",
                   "/select"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":{"node_ids":["1"],"mode":"one"}})",
                   "/select/node_ids"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":{"labels":{"a":1},"mode":"one"}})",
                   "/select/labels"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":{"role":"leader","mode":"one"}})",
                   "/select/role"},
        WrongOrder{R"({"kind":"kill","duration_s":1,"select":{"role":"leaseholder","mode":"one"}})",
                   "/select/table"},
        WrongOrder{
            R"({"kind":"kill","duration_s":1,"select":{"names":["n1"],"table":"a.b","mode":"one"}})",
            "/select/table"},
        WrongOrder{
            R"({"kind":"kill","duration_s":1,"select":{"names":["n1"],"mode":"one","count":1}})",
            "/select/count"},
        WrongOrder{
            R"({"kind":"kill","duration_s":1,"select":{"names":["n1"],"mode":"one","seed":-1}})",
            "/select/seed"},
        WrongOrder{
            R"({"kind":"kill","duration_s":1,"target":"n1","select":{"names":["n1"],"mode":"one"}})",
            "/select"}));

TEST(PlanInTheJournal, IsReadBackAndABrokenOneCostsOnlyItself) {
  FaultRecord record;
  record.view.id = {"f-1"};
  record.view.target = "n1";
  record.target_id = "id-n1";
  record.plan = PlanNote{"abc", "allow", false, 20, 0, 39, "said"};
  const auto contents = read_journal(journal_line(record));
  ASSERT_EQ(contents.records.size(), 1U);
  ASSERT_TRUE(contents.records[0].plan);
  EXPECT_EQ(contents.records[0].plan->hash, "abc");
  EXPECT_EQ(contents.records[0].plan->under_replicated, 39);
  record.plan.reset();
  EXPECT_FALSE(read_journal(journal_line(record)).records.at(0).plan);
}

}  // namespace
}  // namespace faultline::chaos
