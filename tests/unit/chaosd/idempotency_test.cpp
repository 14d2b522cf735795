#include "chaosd/http/idempotency.hpp"

#include <gmock/gmock.h>

#include "tests/unit/chaosd/api_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;

class Idempotency : public ApiTest {
 protected:
  static HttpRequestIn keyed(const std::string& key, const std::string& body = kKill) {
    auto in = request("POST", kFaults, body);
    in.idempotency_key = key;
    return in;
  }
};

TEST_F(Idempotency, TheSameCallIsAnsweredAgainAndDoneOnce) {
  const auto first = reply_to(keyed("k-1"));
  ASSERT_EQ(first.status, 202);
  EXPECT_EQ(header(first, "Idempotency-Replayed"), "");
  life->work();
  const auto again = reply_to(keyed("k-1"));
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(header(again, "Location"), header(first, "Location"));
  EXPECT_EQ(header(again, "Idempotency-Replayed"), "true");
  EXPECT_NE(header(again, "X-Request-Id"), header(first, "X-Request-Id"));
  life->work();
  EXPECT_EQ(world.calls.size(), 1U);
  EXPECT_EQ(life->service.faults(false).size(), 1U);
}

TEST_F(Idempotency, AnotherCallWithTheSameKeyIs422) {
  reply_to(keyed("k-1"));
  const auto other = reply_to(keyed("k-1", R"({"kind":"kill","target":"n2","duration_s":60})"));
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(json_of(other)["errors"][0]["pointer"], "/Idempotency-Key");
  auto elsewhere = request("POST", "/api/chaos/v1/heal");
  elsewhere.idempotency_key = "k-1";
  EXPECT_EQ(reply_to(elsewhere).status, 422);
  EXPECT_EQ(reply_to(keyed("k-2", R"({"kind":"kill","target":"n2","duration_s":60})")).status, 202);
}

TEST_F(Idempotency, WhatWasRefusedMayBeTriedAgainWithTheSameKey) {
  world.at("n1").state = ContainerState::paused;
  life->watch.step();
  EXPECT_EQ(reply_to(keyed("k-1")).status, 409);
  world.at("n1").state = ContainerState::running;
  life->watch.step();
  EXPECT_EQ(reply_to(keyed("k-1")).status, 202);
}

TEST_F(Idempotency, AKeyThatIsNoneIs422) {
  for (const std::string& key : {std::string{}, std::string(129, 'k'), std::string{"a b"},
                                 std::string{"ü"}, std::string{"a\nb"}}) {
    EXPECT_EQ(reply_to(keyed(key)).status, 422) << key;
  }
  EXPECT_TRUE(life->service.faults(false).empty());
  EXPECT_EQ(reply_to(keyed(std::string(128, 'k'))).status, 202);
}

TEST_F(Idempotency, ARoleDoesNotSeeTheAnswersOfAnother) {
  reply_to(keyed("k-1"));
  auto in = keyed("k-1");
  in.authorization = std::string{"Bearer "} + kAdmin;
  EXPECT_EQ(reply_to(in).status, 409) << "the open fault, not the answer of before";
  in.authorization = std::string{"Bearer "} + kViewer;
  EXPECT_EQ(reply_to(in).status, 403);
}

TEST(IdempotencyBook, ACallThatIsOnItsWayIs409) {
  IdempotencyBook book;
  const SteadyTime now{};
  EXPECT_FALSE(book.begin({"operator", "k"}, "content", now).refusal);
  EXPECT_EQ(book.begin({"operator", "k"}, "content", now).refusal->code, ErrorCode::conflict);
  book.finish({"operator", "k"}, {202, "done"});
  EXPECT_EQ(book.begin({"operator", "k"}, "content", now).replay->body, "done");
}

TEST(IdempotencyBook, ForgetsAfterADayAndTheOldestWhenItIsFull) {
  IdempotencyBook book;
  SteadyTime now{};
  const auto use = [&](const std::string& key) {
    const auto found = book.begin({"operator", key}, "content", now);
    if (!found.replay && !found.refusal) book.finish({"operator", key}, {202, key});
    return found.replay.has_value();
  };
  use("first");
  now += IdempotencyBook::kKeptFor + 1s;
  EXPECT_FALSE(use("first")) << "forgotten";
  for (std::size_t i = 0; i < IdempotencyBook::kKeysMax; ++i) use("k" + std::to_string(i));
  EXPECT_TRUE(use("k999"));
  EXPECT_FALSE(use("first"));
}

TEST(IdempotencyBook, WhatIsOnItsWayIsNeverForgotten) {
  IdempotencyBook book;
  const SteadyTime now{};
  for (std::size_t i = 0; i < IdempotencyBook::kKeysMax; ++i) {
    EXPECT_FALSE(book.begin({"operator", "k" + std::to_string(i)}, "content", now).refusal);
  }
  EXPECT_EQ(book.begin({"operator", "one-more"}, "content", now).refusal->code,
            ErrorCode::unavailable);
  EXPECT_EQ(book.begin({"operator", "k0"}, "content", now).refusal->code, ErrorCode::conflict);
}

class RequestIds : public ApiTest {};

TEST_F(RequestIds, StandInTheReplyInTheProblemAndInTheAudit) {
  auto in = request("POST", kFaults, "{");
  in.request_id = "from-the-proxy.1";
  const auto reply = reply_to(in);
  EXPECT_EQ(header(reply, "X-Request-Id"), "from-the-proxy.1");
  EXPECT_EQ(json_of(reply)["request_id"], "from-the-proxy.1");
  EXPECT_EQ(audit->last(1)[0].request_id, "from-the-proxy.1");
}

TEST_F(RequestIds, AreMadeUpWhereTheyCouldHarm) {
  for (const std::string& given : {std::string{}, std::string(65, 'x'), std::string{"a b"},
                                   std::string{"x\r\nSet-Cookie: y"}}) {
    auto in = request("GET", kFaults);
    in.request_id = given;
    const auto id = header(reply_to(in), "X-Request-Id");
    EXPECT_NE(id, given);
    EXPECT_EQ(id.rfind("run1-", 0), 0U) << id;
  }
}

class Paging : public ApiTest {
 protected:
  /// The ids of one page, and the cursor of the next.
  std::pair<std::vector<std::string>, std::string> page(const std::string& limit,
                                                        const std::string& cursor,
                                                        const std::string& state = "all") {
    auto in = request("GET", kFaults);
    in.query = {{"state", state}, {"limit", limit}};
    if (!cursor.empty()) in.query["cursor"] = cursor;
    const auto body = json_of(reply_to(in));
    std::vector<std::string> ids;
    for (const auto& fault : body["faults"]) ids.push_back(fault["id"]);
    return {ids, body["next_cursor"].is_null() ? "" : body["next_cursor"].get<std::string>()};
  }
};

TEST_F(Paging, EveryFaultComesOnceInOrder) {
  for (int i = 0; i < 5; ++i) {
    life->inject(FaultKind::restart, "n1");
    life->work();
    clock.advance(10ms);
  }
  std::vector<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto [ids, next] = page("2", cursor);
    seen.insert(seen.end(), ids.begin(), ids.end());
    cursor = next;
    pages += 1;
  } while (!cursor.empty() && pages < 10);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen,
            (std::vector<std::string>{"f-run1-1", "f-run1-2", "f-run1-3", "f-run1-4", "f-run1-5"}));
}

TEST_F(Paging, ACursorOutlivesTheFaultItNames) {
  for (int i = 0; i < 4; ++i) {
    life->inject(FaultKind::restart, "n1");
    life->work();
    clock.advance(10ms);
  }
  const auto [ids, next] = page("2", "");
  // As if the second had been forgotten: only its time is left to go by.
  const auto [rest, none] = page("2", next.substr(0, next.find('~')) + "~f-gone");
  EXPECT_EQ(rest, (std::vector<std::string>{"f-run1-3", "f-run1-4"}));
  EXPECT_EQ(none, "");
}

TEST_F(Paging, AFaultThatIsOverMeanwhileHidesNoneOfTheSameMillisecond) {
  for (const char* target : {"n1", "n2", "n3"}) life->inject(FaultKind::kill, target);
  life->work();
  const auto [first, cursor] = page("1", "", "open");
  ASSERT_EQ(first, (std::vector<std::string>{"f-run1-1"}));
  ASSERT_TRUE(life->service.undo({"f-run1-1"}));
  life->work();
  const auto [second, next] = page("1", cursor, "open");
  EXPECT_EQ(second, (std::vector<std::string>{"f-run1-2"}));
  const auto [third, none] = page("1", next, "open");
  EXPECT_EQ(third, (std::vector<std::string>{"f-run1-3"}));
  EXPECT_EQ(none, "");
  // As if one before them had been forgotten: its number is left to go by.
  const std::string at = cursor.substr(0, cursor.find('~'));
  EXPECT_EQ(page("9", at + "~f-run1-0", "open").first.size(), 2U);
  EXPECT_EQ(page("9", at + "~f-run1-9", "open").first.size(), 0U);
}

TEST_F(Paging, WhatIsNoCursorOrLimitIs422) {
  for (const auto& [name, value] : {std::pair{"limit", "0"},
                                    {"limit", "501"},
                                    {"limit", "x"},
                                    {"cursor", "x"},
                                    {"cursor", ""},
                                    {"cursor", "~f-1"}}) {
    auto in = request("GET", kFaults);
    in.query[name] = value;
    const auto reply = reply_to(in);
    EXPECT_EQ(reply.status, 422) << name << "=" << value;
    EXPECT_EQ(json_of(reply)["errors"][0]["pointer"], std::string{"/"} + name);
  }
}

TEST_F(Paging, TheAuditPagesBackwards) {
  for (int i = 0; i < 5; ++i) call("POST", "/api/chaos/v1/heal");
  auto in = request("GET", "/api/chaos/v1/audit");
  in.authorization = std::string{"Bearer "} + kAdmin;
  in.query["limit"] = "3";
  const auto first = json_of(reply_to(in));
  EXPECT_EQ(first["entries"].size(), 3U);
  EXPECT_EQ(first["next_cursor"], 3);
  in.query["cursor"] = "3";
  const auto second = json_of(reply_to(in));
  EXPECT_EQ(second["entries"].size(), 2U);
  EXPECT_EQ(second["entries"][0]["seq"], 2);
  EXPECT_TRUE(second["next_cursor"].is_null());
}

}  // namespace
}  // namespace faultline::chaos
