#include "common/poll/poller.hpp"

#include <deque>

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

namespace faultline::poll {
namespace {

using std::chrono::milliseconds;

struct FakeClock final : Clock {
  WallTime wall() const override { return from_ms(1'000'000) + elapsed; }
  SteadyTime steady() const override { return SteadyTime{} + elapsed; }
  milliseconds elapsed{0};
};

/// Answers what is in the queue; each read takes as long as it says.
struct FakeSource final : Source<int> {
  explicit FakeSource(FakeClock& time) : clock(time) {}
  Result<int> read(Deadline deadline) override {
    last_budget = std::chrono::duration_cast<milliseconds>(deadline - clock.steady());
    clock.elapsed += takes;
    auto answer = answers.front();
    answers.pop_front();
    return answer;
  }
  std::optional<std::string> gateway() const override { return "n1"; }
  FakeClock& clock;
  std::deque<Result<int>> answers;
  milliseconds takes{5};
  milliseconds last_budget{0};
};

constexpr Cadence kCadence{milliseconds{2000}, milliseconds{200}, milliseconds{700}};

struct PollerTest : testing::Test {
  FakeClock clock;
  FakeSource source{clock};
  std::ostringstream lines;
  int rung = 0;
  Poller<int> poller{"gossip",
                     source,
                     clock,
                     kCadence,
                     [this] { ++rung; },
                     std::make_shared<spdlog::logger>(
                         "test", std::make_shared<spdlog::sinks::ostream_sink_st>(lines))};
  Error failure{ErrorCode::timeout, "no answer"};
};

TEST_F(PollerTest, EachKindOfReasonIsOneLineUntilItAnswersAgain) {
  const Error other{ErrorCode::unavailable, "refused"};
  source.answers = {failure, other, failure, other, 7, failure};
  for (int i = 0; i < 6; ++i) poller.step();
  const auto text = lines.str();
  const auto count = [&](const std::string& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("no answer"), 2U) << text;
  EXPECT_EQ(count("refused"), 1U) << text;
  EXPECT_EQ(count("answers again"), 1U) << text;
}

TEST_F(PollerTest, AGoodReadIsRememberedWithItsTimeAndRings) {
  source.answers = {7};
  const auto due = poller.step();
  const auto reading = poller.latest();
  EXPECT_EQ(*reading.part, 7);
  EXPECT_TRUE(reading.health.ok);
  EXPECT_EQ(reading.health.read_at, clock.wall());
  EXPECT_EQ(reading.health.gateway, "n1");
  EXPECT_DOUBLE_EQ(*reading.health.took_ms, 5.0);
  EXPECT_EQ(source.last_budget, kCadence.budget);
  EXPECT_EQ(rung, 1);
  EXPECT_EQ(due, SteadyTime{} + milliseconds{2000}) << "the rhythm is from start to start";
}

TEST_F(PollerTest, AFailureKeepsTheLastGoodPartWithItsAge) {
  source.answers = {7, failure};
  poller.step();
  const auto read_at = clock.wall();
  clock.elapsed += milliseconds{2000};
  poller.step();
  const auto reading = poller.latest();
  EXPECT_EQ(*reading.part, 7);
  EXPECT_FALSE(reading.health.ok);
  EXPECT_EQ(reading.health.error, "no answer");
  EXPECT_EQ(reading.health.read_at, read_at);
  EXPECT_EQ(reading.reads, 2);
}

TEST_F(PollerTest, NothingReadYetIsNotAGoodReading) {
  const auto reading = poller.latest();
  EXPECT_EQ(reading.part, nullptr);
  EXPECT_FALSE(reading.health.ok);
  EXPECT_EQ(reading.reads, 0);
}

TEST_F(PollerTest, AnOutageOfAnyLengthIsTwoLines) {
  source.answers = {failure, failure, failure, failure, 1, 2};
  for (int i = 0; i < 6; ++i) poller.step();
  const auto text = lines.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
}

TEST_F(PollerTest, AReadLongerThanItsPauseIsFollowedByABreath) {
  source.answers = {7};
  source.takes = milliseconds{5000};
  const auto due = poller.step();
  EXPECT_EQ(due, clock.steady() + milliseconds{10});
}

TEST_F(PollerTest, FastIsFast) {
  source.answers = {7};
  poller.set_fast(true);
  EXPECT_EQ(poller.step(), SteadyTime{} + milliseconds{200});
}

TEST(Cadence, FailuresBackOffToTwiceTheRestAndNeverBeyond) {
  for (int failures = 1; failures < 40; ++failures) {
    for (const double jitter : {-1.0, 0.0, 1.0}) {
      EXPECT_LE(pause_after(kCadence, false, failures, jitter), kCadence.rest * 2);
      EXPECT_LE(pause_after(kCadence, true, failures, jitter), kCadence.rest);
    }
  }
  EXPECT_EQ(pause_after(kCadence, true, 1, 0.0), milliseconds{200});
  EXPECT_EQ(pause_after(kCadence, true, 3, 0.0), milliseconds{800});
  EXPECT_EQ(pause_after(kCadence, false, 9, 0.0), milliseconds{4000});
  constexpr Cadence kLongPoll{milliseconds{10}, milliseconds{10}, milliseconds{1700},
                              milliseconds{500}};
  EXPECT_EQ(pause_after(kLongPoll, false, 0, 0.0), milliseconds{10});
  EXPECT_EQ(pause_after(kLongPoll, false, 9, 0.0), milliseconds{500});
}

TEST(WakeupTest, ARingBeforeTheWaitIsNotLost) {
  Wakeup bell;
  const std::stop_source stop;
  bell.ring();
  bell.ring();
  EXPECT_TRUE(bell.wait(stop.get_token(), SteadyTime::max()));
  EXPECT_FALSE(bell.wait(stop.get_token(), std::chrono::steady_clock::now()));
}

TEST(PollerThread, EndsWhileItWaits) {
  SystemClock clock;
  struct Always final : Source<int> {
    Result<int> read(Deadline) override { return 1; }
  } source;
  Wakeup read;
  Poller<int> poller{"x",
                     source,
                     clock,
                     {std::chrono::hours{1}, std::chrono::hours{1}, milliseconds{10}},
                     [&] { read.ring(); },
                     std::make_shared<spdlog::logger>("test")};
  poller.start();
  const std::stop_source never;
  EXPECT_TRUE(read.wait(never.get_token(), SteadyTime::max()));
  poller.hurry();
  EXPECT_TRUE(read.wait(never.get_token(), SteadyTime::max()));
  poller.request_stop();
}

}  // namespace
}  // namespace faultline::poll
