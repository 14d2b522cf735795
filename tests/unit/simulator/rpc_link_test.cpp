// The RPC heartbeats of one peer, stepped by hand: what a lost link looks like, and when.
#include <gtest/gtest.h>

#include "simulator/cluster/rpc_link.hpp"

namespace faultline::sim::cluster {
namespace {

using State = RpcLink::State;

/// A link and a clock; `answers` is whether the peer's pongs come, once a second.
class LinkUnderTest {
 public:
  void run(double seconds) {
    const Time end = now_ + timing_.of(seconds);
    for (; now_ < end; now_ += 20 * kMillisecond) {
      if (up && answers && now_ >= pong_at_) {
        view_.heard_at = now_;
        pong_at_ = now_ + timing_.of(1);
      }
      view_.up = up;
      link.step(now_, timing_, view_);
    }
  }
  RpcLink link;
  bool up = true, answers = true;

 private:
  Timing timing_;
  LinkView view_;
  Time now_ = 1'795'000'000 * kSecond;
  Time pong_at_ = 0;
};

TEST(RpcLink, APeerThatAnswersHasTwoNominalLoops) {
  LinkUnderTest test;
  test.run(1);
  EXPECT_EQ(test.link.count(State::nominal), 2);
  test.run(60);
  EXPECT_EQ(test.link.count(State::nominal), 2);
  EXPECT_EQ(test.link.failures(), 0);
  EXPECT_NEAR(static_cast<double>(test.link.heartbeats()), 40, 2);
}

TEST(RpcLink, ACutLinkStaysNominalForSixSecondsAndIsInitializingAfterTwelve) {
  LinkUnderTest test;
  test.run(20);
  test.answers = false;
  test.run(5.5);
  EXPECT_EQ(test.link.count(State::nominal), 2) << "recorded: still so at 6.1 s";
  test.run(4);
  EXPECT_EQ(test.link.count(State::nominal), 0) << "recorded: at 10.1 s both are gone";
  EXPECT_EQ(test.link.failures(), 2);
  test.run(3);
  EXPECT_EQ(test.link.count(State::initializing), 2) << "recorded: at 12.1 s";
  test.run(60);
  EXPECT_EQ(test.link.count(State::initializing), 2) << "for as long as it lasts";
  test.answers = true;
  test.run(1.1);
  EXPECT_EQ(test.link.count(State::nominal), 2);
}

TEST(RpcLink, ADeadProcessShowsAtOnce) {
  LinkUnderTest test;
  test.run(20);
  test.up = false;
  test.run(0.1);
  EXPECT_EQ(test.link.count(State::nominal), 0);
  EXPECT_EQ(test.link.count(State::failed), 2);
  test.run(3);
  EXPECT_EQ(test.link.count(State::initializing), 2);
}

TEST(RpcLink, AnAnswerOfBeforeTheFailureDoesNotHealIt) {
  LinkUnderTest test;
  test.run(20);
  test.up = false;
  test.run(3);
  test.up = true;
  test.answers = false;
  test.run(3);
  EXPECT_EQ(test.link.count(State::initializing), 2);
}

TEST(Histogram, HasTheBucketsOfTheRecordedServer) {
  Histogram histogram;
  for (const std::int64_t nanos : {229'374, 278'527, 524'288, 557'055, 1'000'000}) {
    histogram.add(nanos);
  }
  // facts: real-cluster/vars-healthy-n1.prom, round_trip_latency_bucket.
  const std::map<std::int64_t, std::int64_t> expected = {
      {229'375, 1}, {278'527, 1}, {557'055, 2}, {1'015'807, 1}};
  EXPECT_EQ(histogram.buckets(), expected);
  EXPECT_EQ(histogram.count(), 5);
  EXPECT_EQ(histogram.quantile(0.5), 557'055);
  EXPECT_EQ(histogram.quantile(1), 1'015'807);
  EXPECT_EQ(Histogram().quantile(0.99), 0);
}

}  // namespace
}  // namespace faultline::sim::cluster
