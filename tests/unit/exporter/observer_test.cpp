#include "exporter/observe/observer.hpp"

#include <gtest/gtest.h>

#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using std::chrono::seconds;

struct FakePace final : poll::Pace {
  void set_fast(bool value) override { fast = value; }
  void hurry() override { ++hurried; }
  bool fast = false;
  int hurried = 0;
};

struct ToyClock final : Clock {
  explicit ToyClock(const test::ToyCluster& from) : cluster(from), start(from.now) {}
  WallTime wall() const override { return cluster.now; }
  SteadyTime steady() const override { return SteadyTime{} + (cluster.now - start); }
  const test::ToyCluster& cluster;
  WallTime start;
};

struct ObserverTest : testing::Test {
  test::ToyCluster cluster{3, 65};
  ToyClock clock{cluster};
  sources::Roster roster{{"127.0.0.1:26257"}, {}};
  SnapshotBoard board;
  FakePace pace;
  FakePace descriptors;
  poll::Wakeup news;
  Observer observer{"b-1",
                    cluster.seeds,
                    {[this] { return cluster.readings; }, {&pace}, {&pace}, {&descriptors}},
                    news,
                    roster,
                    board,
                    clock,
                    std::make_shared<spdlog::logger>("test")};

  void watch(milliseconds duration) {
    for (; duration > milliseconds{0}; duration -= milliseconds{200}) {
      cluster.advance(milliseconds{200});
      cluster.poll();
      observer.step();
    }
  }
};

TEST_F(ObserverTest, PublishesAtOnceThenOnChangeThenOnceASecond) {
  observer.step();
  ASSERT_NE(board.latest(), nullptr);
  EXPECT_EQ(board.latest()->boot, "b-1");
  EXPECT_EQ(board.latest()->seq, 1);
  cluster.poll();
  observer.step();
  EXPECT_EQ(board.latest()->seq, 2) << "changed";
  cluster.advance(milliseconds{400});
  cluster.poll();
  const auto due = observer.step();
  EXPECT_EQ(board.latest()->seq, 2) << "only ages";
  EXPECT_EQ(due - clock.steady(), milliseconds{600});
  cluster.advance(milliseconds{600});
  observer.step();
  EXPECT_EQ(board.latest()->seq, 3);
}

TEST_F(ObserverTest, GivesTheSourcesWhatItLearntAndHurriesThem) {
  cluster.poll();
  observer.step();
  const auto members = roster.members();
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[2].sql, "127.0.0.1:26259");
  EXPECT_EQ(members[2].http, "127.0.0.1:8083");
  EXPECT_EQ(pace.hurried, 1);
  observer.step();
  EXPECT_EQ(pace.hurried, 1) << "nothing new";
  EXPECT_EQ(roster.members()[2].answering, sources::Answering::ready);
}

TEST_F(ObserverTest, HurriesTheDescriptorsWhenANodeHasLeft) {
  watch(seconds{1});
  EXPECT_EQ(descriptors.hurried, 0);
  cluster.decommission(3, sources::Membership::decommissioned);
  watch(seconds{20});
  EXPECT_EQ(descriptors.hurried, 1);
}

TEST_F(ObserverTest, IsFastWhileSomethingHappensAndRestsWhenItHasSettled) {
  watch(seconds{35});
  EXPECT_FALSE(pace.fast);
  cluster.set(3, test::ToyCluster::State::killed);
  watch(milliseconds{200});
  EXPECT_TRUE(pace.fast);
  EXPECT_EQ(roster.members()[2].answering, sources::Answering::silent);
  watch(seconds{60});
  EXPECT_FALSE(pace.fast) << "one dead node of three is a state, not an event";
}

TEST_F(ObserverTest, CountsEventsAndNumbersThem) {
  watch(seconds{2});
  const auto before = board.timeline(0, 2'000).events.size();
  cluster.set(3, test::ToyCluster::State::killed);
  watch(seconds{5});
  const auto events = board.timeline(0, 2'000).events;
  ASSERT_GT(events.size(), before);
  for (std::size_t i = 1; i < events.size(); ++i) EXPECT_EQ(events[i].id, events[i - 1].id + 1);
  EXPECT_EQ(observer.event_counts()[static_cast<std::size_t>(EventKind::process_state)], 1);
}

TEST_F(ObserverTest, ItsThreadStepsWhenRungAndEndsWhenStopped) {
  poll::Wakeup published;
  board.subscribe([&](const SnapshotPtr&, const std::vector<ClusterEvent>&) { published.ring(); });
  observer.start();
  const std::stop_source never;
  EXPECT_TRUE(published.wait(never.get_token(), SteadyTime::max()));
  observer.stop();
}

}  // namespace
}  // namespace faultline::observe
