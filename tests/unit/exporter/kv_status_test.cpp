#include "exporter/sources/kv_status.hpp"

#include <gmock/gmock.h>

#include "common/wire/activity_json.hpp"
#include "exporter/sources/placement_by_size.hpp"
#include "tests/unit/exporter/stepped_clock.hpp"

namespace faultline::sources {
namespace {

using testing::HasSubstr;

Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds{2}; }

/// Answers statements from a table; what is not in it is refused.
struct KvStatus : testing::Test {
  struct Session final : sql::Session {
    explicit Session(KvStatus& owner) : test(owner) {}
    Result<sql::Rows> query(const std::string& statement, Deadline) override {
      const auto rows = test.tables.find(statement);
      if (rows == test.tables.end()) return Error{ErrorCode::forbidden, "run GRANT"};
      return rows->second;
    }
    std::int64_t generation() const override { return 1; }
    KvStatus& test;
  };
  std::map<std::string, sql::Rows> tables;
  test::SteppedClock clock;
  Roster roster{{"a:1"}, {}};
  GatewaySession session{"kv", roster,
                         [this](const std::string&) { return std::make_unique<Session>(*this); },
                         milliseconds{500}, false};
};

constexpr auto kActivity =
    R"({"1":{"incoming":0,"outgoing":0,"latency":0},"2":{"latency":412345},"x":{"latency":1},"3":{}})";
constexpr auto kNow = "1795423400.5";

TEST_F(KvStatus, WhatADeadNodeWroteLastIsNotTold) {
  tables = {{KvStatusSource::kNodesStatement,
             {{"1", "2026-11-23 08:43:15.1", kActivity, kNow},
              {"2", "2026-11-23 08:42:50.5", std::nullopt, kNow},
              {"3", "2026-11-23 08:42:50.4", kActivity, kNow}}},
            {KvStatusSource::kStoresStatement,
             {{"1", "1", "65", "31", "1000", "900", "100"},
              {"2", "4", "65", "20", "1000", "900", "100"},
              {"3", "3", "64", "12", "1000", "900", "100"}}}};
  KvStatusSource source{session, roster, clock};
  const auto part = source.read(soon());
  ASSERT_TRUE(part) << part.error().message;
  ASSERT_EQ(part->nodes.size(), 2U) << "30.1 s old is too old, 30 s is not";
  EXPECT_EQ(part->nodes[0].latency_ms.size(), 1U);
  EXPECT_DOUBLE_EQ(part->nodes[0].latency_ms.at(NodeId{2}), 0.412345);
  ASSERT_EQ(part->stores.size(), 2U);
  EXPECT_EQ(part->stores[1].store, StoreId{4});
  EXPECT_EQ(part->stores[1].leases, 20);
  EXPECT_EQ(source.pause_least(), milliseconds{0});
}

TEST_F(KvStatus, TheDeadTimerIsReadOnceInAWhileAndKept) {
  tables = {{KvStatusSource::kNodesStatement, {}},
            {KvStatusSource::kStoresStatement, {}},
            {PlacementSource::kSettingStatement, {{"1m15s"}}}};
  KvStatusSource source{session, roster, clock};
  EXPECT_EQ(source.read(soon())->time_until_store_dead, milliseconds{75'000});
  tables[PlacementSource::kSettingStatement] = {{"10m0s"}};
  EXPECT_EQ(source.read(soon())->time_until_store_dead, milliseconds{75'000});
  clock.advance(milliseconds{600'000});
  EXPECT_EQ(source.read(soon())->time_until_store_dead, milliseconds{600'000});
  clock.advance(milliseconds{600'000});
  tables.erase(PlacementSource::kSettingStatement);
  EXPECT_EQ(source.read(soon())->time_until_store_dead, milliseconds{600'000});
}

TEST_F(KvStatus, HowLongAReturnedNodeIsSuspectIsReadTooWhereThereIsSuchASetting) {
  tables = {{KvStatusSource::kNodesStatement, {}}, {KvStatusSource::kStoresStatement, {}}};
  KvStatusSource source{session, roster, clock};
  EXPECT_EQ(source.read(soon())->time_after_store_suspect, std::nullopt);
  tables[KvStatusSource::kSuspectStatement] = {{"45s"}};
  clock.advance(milliseconds{600'000});
  EXPECT_EQ(source.read(soon())->time_after_store_suspect, milliseconds{45'000});
}

TEST_F(KvStatus, CellsThatCannotBeReadAreNamed) {
  EXPECT_THAT(parse_node_status({{"1", "2026-11-23 08:43:15.1", "[", kNow}}).error().message,
              HasSubstr("activity"));
  EXPECT_THAT(parse_store_status({{"1", "1", "x"}}).error().message, HasSubstr("range_count"));
  EXPECT_FALSE(wire::read_peer_latencies("[]"));
}

TEST_F(KvStatus, ManyNodesAreAskedSeldomAndTooManyNotAtAll) {
  tables = {{KvStatusSource::kNodesStatement, {}}, {KvStatusSource::kStoresStatement, {}}};
  const auto with_nodes = [](std::int64_t count) {
    std::vector<Member> members;
    for (std::int64_t id = 1; id <= count; ++id) {
      members.push_back({NodeId{id}, "a:" + std::to_string(id), {}, Answering::ready});
    }
    return members;
  };
  KvStatusSource source{session, roster, clock};
  roster.set(with_nodes(21));
  ASSERT_TRUE(source.read(soon()));
  EXPECT_EQ(source.pause_least(), KvStatusSource::kPauseOfMany);
  roster.set(with_nodes(101));
  EXPECT_FALSE(source.read(soon()));
  EXPECT_THAT(source.off(), HasSubstr("off above 100 nodes (there are 101)"));
}

/// The descriptors of a cluster with so many ranges.
struct FixedPlacement final : poll::Source<PlacementPart> {
  Result<PlacementPart> read(Deadline) override {
    ++reads;
    PlacementPart part;
    part.ranges = ranges;
    return part;
  }
  std::int64_t ranges = 0;
  int reads = 0;
};

TEST_F(KvStatus, TheDescriptorsAreReadAsOftenAsTheirNumberAllows) {
  FixedPlacement placement;
  PlacementBySize source{placement, session};
  const auto read = [&](std::int64_t ranges) {
    placement.ranges = ranges;
    const auto replicas = std::to_string(ranges * 3);
    tables[PlacementBySize::kReplicasStatement] = {{replicas}, {"0"}, {"-3"}, {std::nullopt}};
    return source.read(soon()).has_value();
  };
  EXPECT_TRUE(read(9'999));
  EXPECT_EQ(source.pause_least(), milliseconds{0});
  EXPECT_TRUE(read(10'000));
  EXPECT_EQ(source.pause_least(), PlacementBySize::kPauseOfMany);
  EXPECT_TRUE(read(100'000));
  EXPECT_EQ(source.off(), "");
  EXPECT_FALSE(read(1'000'000));
  EXPECT_THAT(source.off(), HasSubstr("1000000"));
  EXPECT_EQ(placement.reads, 3) << "too many are not read even once";
  tables.clear();
  placement.ranges = 65;
  EXPECT_TRUE(source.read(soon())) << "who may not see gossip is not kept from the ranges";
}

}  // namespace
}  // namespace faultline::sources
