#include "exporter/sources/kv_tier.hpp"

#include <gmock/gmock.h>

#include "tests/unit/exporter/stepped_clock.hpp"

namespace faultline::sources {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

/// A tier whose inner source and canary fail when told to, and that counts both.
struct Tier : testing::Test {
  struct Inner final : poll::Source<int> {
    Result<int> read(Deadline) override {
      ++reads;
      if (error) return *error;
      return reads;
    }
    int reads = 0;
    std::optional<Error> error;
  };
  struct Session final : sql::Session {
    explicit Session(Tier& owner) : tier(owner) {}
    Result<sql::Rows> query(const std::string& statement, Deadline) override {
      EXPECT_EQ(statement, KvGate::kCanary);
      ++tier.canaries;
      if (tier.canary_error) return *tier.canary_error;
      return sql::Rows{{"1"}};
    }
    std::int64_t generation() const override { return 1; }
    Tier& tier;
  };

  Result<int> read() { return tier.read(std::chrono::steady_clock::now() + seconds{5}); }

  test::SteppedClock clock;
  Inner inner;
  int canaries = 0;
  std::optional<Error> canary_error;
  Roster roster{{"a:1"}, {}};
  GatewaySession session{"tier", roster,
                         [this](const std::string&) { return std::make_unique<Session>(*this); },
                         milliseconds{500}, false};
  KvGate gate{clock};
  KvTier<int> tier{inner, session, gate, clock};
};

TEST_F(Tier, AnAnswerIsAsGoodAsACanaryForAWhile) {
  ASSERT_TRUE(read());
  ASSERT_TRUE(read());
  EXPECT_EQ(canaries, 1);
  clock.advance(KvGate::kGoodFor + milliseconds{1});
  ASSERT_TRUE(read());
  EXPECT_EQ(canaries, 2);
  EXPECT_EQ(inner.reads, 3);
}

TEST_F(Tier, IsOffWhileTheCanaryFailsAndItIsAskedLessAndLess) {
  canary_error = Error{ErrorCode::upstream, "57014: too long"};
  for (int second = 0; second < 300; ++second) {
    const auto part = read();
    ASSERT_FALSE(part);
    EXPECT_THAT(tier.off(), HasSubstr("57014"));
    clock.advance(seconds{1});
  }
  EXPECT_EQ(inner.reads, 0) << "the tier itself is not asked";
  EXPECT_LE(canaries, 14);
  EXPECT_GE(canaries, 12) << "but its return is noticed within half a minute";
  canary_error.reset();
  clock.advance(KvGate::kRetryMax);
  ASSERT_TRUE(read());
  EXPECT_EQ(tier.off(), "");
}

TEST_F(Tier, AUserWhoMayNotReadTheCanaryStillReadsTheTier) {
  canary_error = Error{ErrorCode::forbidden, "run GRANT"};
  EXPECT_TRUE(read());
}

TEST_F(Tier, ARefusedLoginIsAFailureAndNoReasonToBeOff) {
  canary_error = Error{ErrorCode::unauthorized, "login refused"};
  EXPECT_EQ(read().error().message, "login refused");
  EXPECT_EQ(read().error().message, "login refused");
  EXPECT_EQ(tier.off(), "");
  EXPECT_EQ(canaries, 1) << "and it is not tried again at once";
}

TEST_F(Tier, ThreeFailuresInARowOpenTheBreakerAndItsPauseGrows) {
  inner.error = Error{ErrorCode::timeout, "no answer"};
  for (int i = 0; i < Breaker::kFailuresMax; ++i) {
    EXPECT_FALSE(read());
    EXPECT_EQ(tier.off(), "") << "it was asked";
  }
  EXPECT_FALSE(read());
  EXPECT_THAT(tier.off(), HasSubstr("left alone for 30 s after 3 failures in a row"));
  EXPECT_EQ(inner.reads, 3);
  clock.advance(Breaker::kPause);
  EXPECT_FALSE(read());
  EXPECT_EQ(inner.reads, 4) << "one try";
  EXPECT_FALSE(read());
  EXPECT_THAT(tier.off(), HasSubstr("60 s"));
  clock.advance(Breaker::kPauseMax);
  inner.error.reset();
  EXPECT_TRUE(read());
  EXPECT_TRUE(read());
}

}  // namespace
}  // namespace faultline::sources
