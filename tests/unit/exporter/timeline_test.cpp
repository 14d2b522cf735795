#include "exporter/observe/timeline.hpp"

#include <gmock/gmock.h>

#include "exporter/observe/cause.hpp"

namespace faultline::observe {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

std::vector<ClusterEvent> numbered(std::int64_t first, std::int64_t last) {
  std::vector<ClusterEvent> events;
  for (auto id = first; id <= last; ++id) {
    events.emplace_back();
    events.back().id = id;
  }
  return events;
}

std::vector<std::int64_t> ids(const std::vector<ClusterEvent>& events) {
  std::vector<std::int64_t> found;
  for (const auto& event : events) found.push_back(event.id);
  return found;
}

TEST(Timeline, EmptyHasNothingAndNoGap) {
  const auto page = Timeline{}.page(0, 10);
  EXPECT_TRUE(page.events.empty());
  EXPECT_EQ(page.next, 0);
  EXPECT_FALSE(page.gap);
  EXPECT_EQ(page.oldest, std::nullopt);
}

TEST(Timeline, IsReadBitByBitWithoutLossOrRepetition) {
  Timeline timeline;
  timeline.append(numbered(1, 7));
  std::vector<std::int64_t> read;
  std::int64_t since = 0;
  for (int turn = 0; turn < 4; ++turn) {
    const auto page = timeline.page(since, 3);
    EXPECT_FALSE(page.gap);
    for (const auto id : ids(page.events)) read.push_back(id);
    since = page.next;
  }
  EXPECT_THAT(read, ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(since, 7) << "nothing new leaves it where it is";
}

TEST(Timeline, WhatIsGoneIsAGapAndTheRestIsTold) {
  Timeline timeline;
  const auto most = static_cast<std::int64_t>(Timeline::kEventsMax);
  timeline.append(numbered(1, most + 5));
  EXPECT_EQ(timeline.page(0, 1).oldest, 6);
  EXPECT_TRUE(timeline.page(4, 1).gap);
  EXPECT_THAT(ids(timeline.page(4, 2).events), ElementsAre(6, 7));
  EXPECT_FALSE(timeline.page(5, 1).gap) << "the one after 5 is still there";
}

TEST(Timeline, ANumberThatWasNeverGivenOutIsOfAnotherBoot) {
  Timeline timeline;
  timeline.append(numbered(1, 3));
  const auto page = timeline.page(4711, 10);
  EXPECT_TRUE(page.gap);
  EXPECT_THAT(ids(page.events), ElementsAre(1, 2, 3));
  EXPECT_TRUE(Timeline{}.page(4711, 10).gap);
}

TEST(Timeline, LatestEndsWhereItIsTold) {
  Timeline timeline;
  timeline.append(numbered(1, 9));
  EXPECT_THAT(ids(timeline.latest(2, 7)), ElementsAre(6, 7));
  EXPECT_THAT(ids(timeline.latest(50, 3)), ElementsAre(1, 2, 3));
  EXPECT_TRUE(timeline.latest(5, 0).empty());
}

ClusterEvent event_of(std::int64_t id, EventKind kind, Severity severity, int second,
                      std::int64_t node = 2) {
  ClusterEvent event;
  event.id = id;
  event.at = from_ms(1'795'423'340'000) + seconds{second};
  event.kind = kind;
  event.severity = severity;
  event.node_id = NodeId{node};
  event.sentence = "n2 container exited";
  return event;
}

TEST(Cause, ADeadContainerExplainsWhatFollowsOnItsNodeHoweverLate) {
  ContainerNews news;
  std::vector<ClusterEvent> events{
      event_of(1, EventKind::container_state, Severity::warning, 0),
      event_of(2, EventKind::process_state, Severity::warning, 0),
      event_of(3, EventKind::liveness_state, Severity::warning, 3),
      event_of(4, EventKind::leases_moved, Severity::info, 9),
      event_of(5, EventKind::process_state, Severity::warning, 9, 3),
  };
  link_causes(events, news);
  EXPECT_EQ(events[0].cause_id, std::nullopt);
  for (const auto index : {1U, 2U, 3U}) {
    EXPECT_EQ(events[index].cause_id, 1) << index;
    EXPECT_EQ(events[index].cause, "n2 container exited");
  }
  EXPECT_EQ(events[4].cause_id, std::nullopt) << "another node";
  std::vector<ClusterEvent> later{event_of(6, EventKind::liveness_state, Severity::critical, 309)};
  link_causes(later, news);
  EXPECT_EQ(later[0].cause_id, 1);
}

TEST(Cause, GoodFollowsGoodAndOnlyForAMinute) {
  ContainerNews news;
  std::vector<ClusterEvent> events{event_of(1, EventKind::container_state, Severity::info, 0),
                                   event_of(2, EventKind::process_state, Severity::info, 4),
                                   event_of(3, EventKind::liveness_state, Severity::warning, 5),
                                   event_of(4, EventKind::liveness_state, Severity::info, 90)};
  link_causes(events, news);
  EXPECT_EQ(events[1].cause_id, 1);
  EXPECT_EQ(events[2].cause_id, std::nullopt) << "a running container explains no death";
  EXPECT_EQ(events[3].cause_id, std::nullopt);
}

TEST(Cause, TheFaultBehindBothIsTakenOverAndKeepsItsWords) {
  ContainerNews news;
  std::vector<ClusterEvent> events{event_of(1, EventKind::container_state, Severity::warning, 0),
                                   event_of(2, EventKind::process_state, Severity::warning, 0),
                                   event_of(3, EventKind::liveness_state, Severity::warning, 30)};
  events[0].fault_id = FaultId{"f-1"};
  events[1].fault_id = FaultId{"f-1"};
  events[1].cause = "kill of crdb-2";
  link_causes(events, news);
  EXPECT_EQ(events[1].cause, "kill of crdb-2");
  EXPECT_EQ(events[2].fault_id, FaultId{"f-1"});
}

}  // namespace
}  // namespace faultline::observe
