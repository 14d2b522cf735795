#include "exporter/sources/cluster_log.hpp"

#include <gmock/gmock.h>

#include "exporter/observe/log_events.hpp"

namespace faultline::sources {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kFirst = "2026-11-23 09:28:49.24905";

sql::Row range_row(const std::string& at, const std::string& range, const std::string& type,
                   const sql::Cell& added, const sql::Cell& removed, const std::string& key) {
  return {at, range, type, std::nullopt, "range under-replicated", added, removed, key};
}

TEST(ClusterLog, RowsAsTheRealServerHasThem) {
  const auto rows = parse_range_log({
      range_row(kFirst, "72", "add_voter", "3", std::nullopt, "1"),
      range_row("2026-11-23 09:28:49.399534", "72", "remove_voter", std::nullopt, "4", "2"),
      {"2026-11-23 09:30:00", "80", "split", "81", std::nullopt, std::nullopt, std::nullopt, "3"},
  });
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->at(0).entry.at, from_ms(1795426129249));
  EXPECT_EQ(rows->at(0).entry.node, NodeId{3});
  EXPECT_EQ(rows->at(1).entry.node, NodeId{4});
  EXPECT_EQ(rows->at(2).entry.other_range, 81);
  const auto nodes = parse_node_log({
      {"2026-11-23 09:38:36.510012", "node_decommissioned", "5", std::nullopt, "a"},
      {"2026-11-23 09:36:53.976715", "node_restart", std::nullopt, "4", "b"},
  });
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->at(0).entry.node, NodeId{5});
  EXPECT_EQ(nodes->at(1).entry.node, NodeId{4});
  EXPECT_EQ(nodes->at(1).entry.range, std::nullopt);
}

TEST(ClusterLog, ACellThatIsNoneOfThemIsNamed) {
  auto row = range_row(kFirst, "72", "add_voter", "3", std::nullopt, "1");
  row[1] = "x";
  EXPECT_THAT(parse_range_log({row}).error().message, HasSubstr("rangeID"));
  row = range_row("yesterday", "72", "add_voter", "3", std::nullopt, "1");
  EXPECT_THAT(parse_range_log({row}).error().message, HasSubstr("timestamp"));
  EXPECT_FALSE(parse_node_log({{std::nullopt, "node_join", "1", "1", "a"}}));
}

LogRow row_at(WallTime at, const std::string& key) {
  LogRow row;
  row.entry.at = at;
  row.key = key;
  return row;
}

TEST(LogCursor, ReadsTheLastSecondsAgainAndTellsEachRowOnce) {
  const auto start = from_ms(1795426129249);
  LogCursor cursor{start};
  EXPECT_EQ(cursor.from(), "2026-11-23 09:28:49.249");
  EXPECT_EQ(cursor.take({row_at(start + seconds{1}, "a"), row_at(start + seconds{30}, "b")}).size(),
            2U);
  EXPECT_EQ(cursor.from(), "2026-11-23 09:29:09.249") << "ten seconds before the newest";
  const auto late =
      cursor.take({row_at(start + seconds{25}, "late"), row_at(start + seconds{30}, "b")});
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].at, start + seconds{25});
  EXPECT_TRUE(cursor.take({}).empty());
  EXPECT_EQ(cursor.from(), "2026-11-23 09:29:09.249");
}

TEST(LogCursor, AFullAnswerIsReadOnFromItsEnd) {
  const auto start = from_ms(1795426129249);
  LogCursor cursor{start};
  std::vector<LogRow> rows;
  for (std::size_t i = 0; i < LogCursor::kRowsMax; ++i) {
    rows.push_back(row_at(start + milliseconds{static_cast<int>(i)}, std::to_string(i)));
  }
  EXPECT_EQ(cursor.take(rows).size(), LogCursor::kRowsMax);
  EXPECT_EQ(cursor.from(), "2026-11-23 09:28:49.748");
}

ClusterLogPart part_of(std::vector<LogEntry> entries) {
  ClusterLogPart part;
  std::int64_t serial = 0;
  for (auto& entry : entries) {
    entry.serial = ++serial;
    part.entries.push_back(entry);
  }
  return part;
}

LogEntry replica(std::int64_t range, const char* type, std::int64_t node, int second) {
  LogEntry entry;
  entry.at = from_ms(1'795'423'340'000) + seconds{second};
  entry.type = type;
  entry.range = range;
  entry.node = NodeId{node};
  entry.reason = "range under-replicated";
  return entry;
}

TEST(LogEvents, TheSameOfSeveralRangesIsOneEvent) {
  const auto part = part_of({replica(72, "add_voter", 3, 0), replica(80, "add_voter", 3, 1),
                             replica(72, "remove_voter", 4, 2)});
  const auto events = observe::log_events(part, 0, {});
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, EventKind::replica_change);
  EXPECT_EQ(events[0].sentence, "2 ranges (r72, r80) get a replica on n3: range under-replicated");
  EXPECT_EQ(events[0].at, from_ms(1'795'423'341'000));
  EXPECT_EQ(events[1].sentence, "r72 gives up a replica on n4: range under-replicated");
  EXPECT_EQ(observe::log_events(part, 2, {}).size(), 1U) << "what was told is not told again";
  EXPECT_TRUE(observe::log_events(part, 3, {}).empty());
}

TEST(LogEvents, AFaultThatWasThereBeforeExplainsTheHealing) {
  ClusterSnapshot snapshot;
  snapshot.at = from_ms(1'795'423'400'000);
  FaultView fault;
  fault.id = FaultId{"f-1"};
  fault.kind = FaultKind::kill;
  fault.state = FaultState::active;
  fault.target = "crdb-4";
  fault.node_id = NodeId{4};
  fault.created_at = from_ms(1'795'423'339'000);
  snapshot.faults = {fault};
  const auto part = part_of({replica(72, "add_voter", 3, 0), replica(72, "remove_voter", 4, 2)});
  for (const auto& event : observe::log_events(part, 0, snapshot)) {
    EXPECT_EQ(event.fault_id, FaultId{"f-1"}) << event.sentence;
    EXPECT_EQ(event.cause, "kill of crdb-4");
  }
  snapshot.faults[0].created_at = snapshot.at;
  EXPECT_EQ(observe::log_events(part, 0, snapshot)[0].fault_id, std::nullopt)
      << "what comes later explains nothing";
}

TEST(LogEvents, SplitsNodesAndTheUnknownHaveTheirWords) {
  LogEntry split;
  split.type = "split";
  split.range = 80;
  split.other_range = 81;
  LogEntry restart;
  restart.type = "node_restart";
  restart.node = NodeId{4};
  LogEntry recovery;
  recovery.type = "unsafe_quorum_recovery";
  recovery.range = 7;
  LogEntry novel;
  novel.type = "node_levitated";
  const auto events = observe::log_events(part_of({split, restart, recovery, novel}), 0, {});
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].sentence, "r80 is split: r81 begins");
  EXPECT_EQ(events[0].kind, EventKind::range_change);
  EXPECT_EQ(events[1].sentence, "n4 started again");
  EXPECT_EQ(events[1].kind, EventKind::node_log);
  EXPECT_EQ(events[2].severity, Severity::critical);
  EXPECT_EQ(events[3].sentence, "a node: node_levitated");
}

}  // namespace
}  // namespace faultline::sources
