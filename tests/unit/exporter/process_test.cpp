#include "exporter/sources/process.hpp"

#include <gtest/gtest.h>

#include "tests/unit/exporter/silent_listener.hpp"

namespace faultline::sources {
namespace {

const Member kMember{NodeId{1}, "h:1", "h:2", Answering::unknown};
const Member kSqlOnly{NodeId{1}, "h:1", {}, Answering::unknown};
const std::optional<Result<milliseconds>> kAccepts{Result<milliseconds>{milliseconds{1}}};
const std::optional<Result<milliseconds>> kRefuses{
    Result<milliseconds>{Error{ErrorCode::unavailable, "connection to h:1 refused"}}};
const std::optional<Result<net::HttpResponse>> kNoHttp;

std::optional<Result<net::HttpResponse>> status(int code) {
  return Result<net::HttpResponse>{net::HttpResponse{code, "", ""}};
}
std::optional<Result<net::HttpResponse>> fails(ErrorCode code) {
  return Result<net::HttpResponse>{Error{code, "h:2 does not"}};
}

TEST(Process, AnsweringAndReady) {
  const auto probe = judge_process(kMember, kAccepts, status(200));
  EXPECT_EQ(probe.state, ProcessState::reachable);
  EXPECT_EQ(probe.ready, true);
  EXPECT_EQ(probe.reason, "");
}

TEST(Process, AnsweringAndNotReadyIsReachable) {
  const auto probe = judge_process(kMember, kAccepts, status(503));
  EXPECT_EQ(probe.state, ProcessState::reachable);
  EXPECT_EQ(probe.ready, false);
  EXPECT_NE(probe.reason, "");
  EXPECT_EQ(judge_process(kMember, kAccepts, status(404)).ready, std::nullopt);
}

TEST(Process, TheKernelAcceptsAndTheProcessSaysNothingIsUnresponsive) {
  const auto probe = judge_process(kMember, kAccepts, fails(ErrorCode::timeout));
  EXPECT_EQ(probe.state, ProcessState::unresponsive);
  EXPECT_EQ(probe.ready, std::nullopt);
}

TEST(Process, RefusedOrNoRouteIsUnreachable) {
  EXPECT_EQ(judge_process(kMember, kRefuses, fails(ErrorCode::unavailable)).state,
            ProcessState::unreachable);
  EXPECT_EQ(judge_process(kMember, kRefuses, fails(ErrorCode::timeout)).state,
            ProcessState::unreachable);
  EXPECT_EQ(judge_process(kSqlOnly, kRefuses, kNoHttp).reason, "connection to h:1 refused");
}

TEST(Process, OnePortAloneIsSaidSo) {
  EXPECT_EQ(judge_process(kSqlOnly, kAccepts, kNoHttp).state, ProcessState::reachable);
  EXPECT_NE(judge_process(kSqlOnly, kAccepts, kNoHttp).reason, "");
  const auto http_only = judge_process(kMember, kRefuses, status(200));
  EXPECT_EQ(http_only.state, ProcessState::reachable);
  EXPECT_EQ(http_only.reason, "SQL port: connection to h:1 refused");
  EXPECT_EQ(judge_process({}, std::nullopt, kNoHttp).state, ProcessState::unknown);
}

TEST(Process, AnHttpPortThatIsOutOfReachIsNoSilenceOfANodeThatSpeaksSql) {
  const auto probe = judge_process(kMember, kAccepts, fails(ErrorCode::timeout), kAccepts);
  EXPECT_EQ(probe.state, ProcessState::reachable);
  EXPECT_EQ(probe.ready, std::nullopt);
  EXPECT_EQ(probe.reason, "HTTP port: h:2 does not");
  const std::optional<Result<milliseconds>> silent{
      Result<milliseconds>{Error{ErrorCode::timeout, "nothing"}}};
  EXPECT_EQ(judge_process(kMember, kAccepts, fails(ErrorCode::timeout), silent).state,
            ProcessState::unresponsive);
}

TEST(Process, ACertificateThatIsNotBelievedIsAnAnswerAllTheSame) {
  const auto probe = judge_process(kMember, kAccepts, fails(ErrorCode::upstream));
  EXPECT_EQ(probe.state, ProcessState::reachable);
  EXPECT_EQ(probe.ready, std::nullopt);
  EXPECT_EQ(probe.reason, "HTTP port: h:2 does not");
}

TEST(Process, WithoutHttpItsSilenceOnTheSqlPortTells) {
  const std::optional<Result<milliseconds>> silent{
      Result<milliseconds>{Error{ErrorCode::timeout, "nothing"}}};
  const std::optional<Result<milliseconds>> closed{
      Result<milliseconds>{Error{ErrorCode::unavailable, "closed"}}};
  EXPECT_EQ(judge_process(kSqlOnly, kAccepts, kNoHttp, silent).state, ProcessState::unresponsive);
  EXPECT_EQ(judge_process(kSqlOnly, kAccepts, kNoHttp, closed).state, ProcessState::reachable)
      << "who closes is there";
  EXPECT_EQ(judge_process(kSqlOnly, kAccepts, kNoHttp, kAccepts).state, ProcessState::reachable);

  const test::SilentListener paused;
  Roster roster{{paused.address()}, {}};
  net::AddressBook book;
  net::HttpClient http{book};
  SystemClock clock;
  NodeHttp nodes{http, "", clock};
  ProcessSource source{roster, http, nodes};
  const auto part = source.read(std::chrono::steady_clock::now() + milliseconds{600});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->probes.at(0).state, ProcessState::unresponsive);
}

TEST(Process, APeerThatSaysNothingIsJudgedWithinTheDeadline) {
  const test::SilentListener paused;
  Roster roster{{paused.address()}, {}};
  roster.set({{NodeId{1}, paused.address(), paused.address(), Answering::unknown}});
  net::AddressBook book;
  net::HttpClient http{book};
  SystemClock clock;
  NodeHttp nodes{http, "", clock};
  ProcessSource source{roster, http, nodes};
  const auto started = std::chrono::steady_clock::now();
  const auto part = source.read(started + milliseconds{200});
  const auto took = std::chrono::steady_clock::now() - started;
  ASSERT_TRUE(part);
  EXPECT_EQ(part->probes.at(0).state, ProcessState::unresponsive);
  EXPECT_LT(took, std::chrono::seconds{2});
}

}  // namespace
}  // namespace faultline::sources
