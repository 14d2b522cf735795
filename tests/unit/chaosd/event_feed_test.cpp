#include "chaosd/service/event_feed.hpp"

#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;

ChaosEvent event_of(const std::string& target) {
  ChaosEvent event;
  event.target = target;
  return event;
}

struct Heard {
  std::vector<FeedBatch> batches;
  EventFeed::Answer answer() {
    return [this](const FeedBatch& batch) { batches.push_back(batch); };
  }
};

TEST(EventFeed, WithoutAfterItAnswersAtOnceWithWhatIsKept) {
  EventFeed feed{"boot", {}};
  feed.publish(event_of("n1"));
  Heard heard;
  ASSERT_TRUE(feed.poll({{}, {}, 60s}, {}, heard.answer()));
  ASSERT_EQ(heard.batches.size(), 1U);
  EXPECT_EQ(heard.batches[0].seq, 1);
  EXPECT_EQ(heard.batches[0].events.size(), 1U);
  EXPECT_FALSE(heard.batches[0].gap);
}

TEST(EventFeed, AnswersAtOnceWithOnlyWhatIsNewer) {
  EventFeed feed{"boot", {}};
  for (const char* name : {"n1", "n2", "n3"}) feed.publish(event_of(name));
  Heard heard;
  ASSERT_TRUE(feed.poll({1, "boot", 60s}, {}, heard.answer()));
  ASSERT_EQ(heard.batches.size(), 1U);
  ASSERT_EQ(heard.batches[0].events.size(), 2U);
  EXPECT_EQ(heard.batches[0].events[0].target, "n2");
  EXPECT_FALSE(heard.batches[0].gap);
}

TEST(EventFeed, WaitsUntilSomethingHappensAndAnswersOnce) {
  EventFeed feed{"boot", {}};
  Heard heard;
  ASSERT_TRUE(feed.poll({0, "boot", 60s}, SteadyTime{}, heard.answer()));
  feed.step(SteadyTime{} + 1s);
  EXPECT_TRUE(heard.batches.empty());
  feed.publish(event_of("n1"));
  feed.step(SteadyTime{} + 1s);
  feed.publish(event_of("n2"));
  feed.step(SteadyTime{} + 2s);
  ASSERT_EQ(heard.batches.size(), 1U);
  EXPECT_EQ(heard.batches[0].seq, 1);
}

TEST(EventFeed, AnswersWithTheSameSeqWhenNothingHappenedInTime) {
  EventFeed feed{"boot", {}};
  Heard heard;
  ASSERT_TRUE(feed.poll({0, "boot", 25s}, SteadyTime{}, heard.answer()));
  EXPECT_EQ(feed.step(SteadyTime{} + 24s), 1s);
  EXPECT_TRUE(heard.batches.empty());
  feed.step(SteadyTime{} + 25s);
  ASSERT_EQ(heard.batches.size(), 1U);
  EXPECT_EQ(heard.batches[0].seq, 0);
  EXPECT_TRUE(heard.batches[0].events.empty());
}

TEST(EventFeed, AnotherBootIsToldAtOnceAsAGap) {
  EventFeed feed{"boot-2", {}};
  Heard heard;
  ASSERT_TRUE(feed.poll({0, "boot-1", 60s}, {}, heard.answer()));
  ASSERT_EQ(heard.batches.size(), 1U);
  EXPECT_EQ(heard.batches[0].boot, "boot-2");
  EXPECT_TRUE(heard.batches[0].gap);
}

TEST(EventFeed, ASeqThatIsNotReachedYetIsAGap) {
  EventFeed feed{"boot", {}};
  feed.publish(event_of("n1"));
  Heard heard;
  ASSERT_TRUE(feed.poll({17, "boot", 60s}, {}, heard.answer()));
  ASSERT_EQ(heard.batches.size(), 1U);
  EXPECT_TRUE(heard.batches[0].gap);
  EXPECT_EQ(heard.batches[0].events.size(), 1U);
}

TEST(EventFeed, WhoMissedEventsThatAreNoLongerKeptIsToldSo) {
  EventFeed feed{"boot", {3, 64}};
  for (int i = 0; i < 10; ++i) feed.publish(event_of("n1"));
  Heard heard;
  ASSERT_TRUE(feed.poll({6, "boot", 0s}, {}, heard.answer()));
  ASSERT_TRUE(feed.poll({7, "boot", 0s}, {}, heard.answer()));
  EXPECT_TRUE(heard.batches[0].gap);
  EXPECT_FALSE(heard.batches[1].gap);
  EXPECT_EQ(heard.batches[0].events.size(), 3U);
}

TEST(EventFeed, OneTooManyIsRefusedAndNeverAnswered) {
  EventFeed feed{"boot", {1024, 2}};
  Heard heard;
  ASSERT_TRUE(feed.poll({0, "boot", 60s}, {}, heard.answer()));
  ASSERT_TRUE(feed.poll({0, "boot", 60s}, {}, heard.answer()));
  const auto third = feed.poll({0, "boot", 60s}, {}, heard.answer());
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::unavailable);
  feed.close();
  EXPECT_EQ(heard.batches.size(), 2U);
}

TEST(EventFeed, ClosingAnswersAllAndLaterOnesAtOnce) {
  EventFeed feed{"boot", {}};
  Heard heard;
  ASSERT_TRUE(feed.poll({0, "boot", 60s}, {}, heard.answer()));
  feed.close();
  ASSERT_TRUE(feed.poll({0, "boot", 60s}, {}, heard.answer()));
  EXPECT_EQ(heard.batches.size(), 2U);
}

TEST(EventFeed, ItsThreadAnswersWhatIsPublishedByAnother) {
  EventFeed feed{"boot", {}};
  std::promise<std::int64_t> heard;
  std::jthread thread{[&](const std::stop_token& stop) { feed.run(stop); }};
  ASSERT_TRUE(feed.poll({0, "boot", 60s}, std::chrono::steady_clock::now(),
                        [&](const FeedBatch& batch) { heard.set_value(batch.seq); }));
  feed.publish(event_of("n1"));
  auto seq = heard.get_future();
  ASSERT_EQ(seq.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(seq.get(), 1);
}

TEST(EventFeed, ItsThreadAnswersAPollThatHasWaitedLongEnough) {
  EventFeed feed{"boot", {}};
  std::promise<std::int64_t> heard;
  std::jthread thread{[&](const std::stop_token& stop) { feed.run(stop); }};
  ASSERT_TRUE(feed.poll({0, "boot", 20ms}, std::chrono::steady_clock::now(),
                        [&](const FeedBatch& batch) { heard.set_value(batch.seq); }));
  EXPECT_EQ(heard.get_future().wait_for(10s), std::future_status::ready);
}

}  // namespace
}  // namespace faultline::chaos
