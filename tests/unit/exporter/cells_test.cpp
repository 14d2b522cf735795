#include "exporter/sources/cells.hpp"

#include <gmock/gmock.h>

#include "exporter/sources/gossip.hpp"
#include "exporter/sources/node_metrics.hpp"
#include "exporter/sources/placement.hpp"
#include "exporter/sources/vars_text.hpp"

namespace faultline::sources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Cells, ExpirationIsSecondsNanosAndALogicalPart) {
  EXPECT_EQ(parse_seconds("1795423340.428491572,0"), from_ms(1795423340428));
  EXPECT_EQ(parse_seconds("1795423340"), from_ms(1795423340000));
  EXPECT_EQ(parse_seconds("0,0"), from_ms(0));
  EXPECT_EQ(parse_seconds("soon"), std::nullopt);
  EXPECT_EQ(parse_seconds("17.x"), std::nullopt);
  EXPECT_EQ(parse_seconds(""), std::nullopt);
  EXPECT_EQ(parse_seconds("99999999999999999"), std::nullopt);
}

TEST(Cells, TimestampsAreUtc) {
  EXPECT_EQ(parse_timestamp("2026-11-23 08:40:54.911714"), from_ms(1795423254911));
  EXPECT_EQ(parse_timestamp("2026-11-23 08:40:54"), from_ms(1795423254000));
  EXPECT_EQ(parse_timestamp("2026-11-23 08:40:54.9+00:00"), from_ms(1795423254900));
  EXPECT_EQ(parse_timestamp("2026-13-23 08:40:54"), std::nullopt);
  EXPECT_EQ(parse_timestamp("yesterday"), std::nullopt);
}

TEST(Cells, StoreIdsAndDurations) {
  EXPECT_THAT(*parse_store_ids("1,3,2"), ElementsAre(StoreId{1}, StoreId{3}, StoreId{2}));
  EXPECT_TRUE(parse_store_ids("")->empty());
  EXPECT_EQ(parse_store_ids("1,,2"), std::nullopt);
  EXPECT_EQ(parse_store_ids("0"), std::nullopt);
  EXPECT_EQ(parse_go_duration("5m0s"), milliseconds{300'000});
  EXPECT_EQ(parse_go_duration("1m15s"), milliseconds{75'000});
  EXPECT_EQ(parse_go_duration("1h0m0s"), milliseconds{3'600'000});
  EXPECT_EQ(parse_go_duration("250ms"), milliseconds{250});
  EXPECT_EQ(parse_go_duration("5"), std::nullopt);
  EXPECT_EQ(parse_go_duration("5d"), std::nullopt);
  EXPECT_EQ(parse_go_duration(""), std::nullopt);
}

sql::Row gossip_row() {
  return {"2",      "1",       "1795423340.543826273,0",
          "f",      "active",  "1795423334.1",
          "t",      "a:1",     "a:2",
          "zone=b", "v22.1.0", "2026-11-23 08:40:55.031657",
          "65",     "17"};
}

TEST(Gossip, ARowBecomesANode) {
  const auto rows = parse_gossip({gossip_row()});
  ASSERT_TRUE(rows);
  const auto& row = rows->front();
  EXPECT_EQ(row.id, NodeId{2});
  EXPECT_EQ(row.expires_at, from_ms(1795423340543));
  EXPECT_EQ(row.is_live, true);
  EXPECT_EQ(row.sql_address, "a:2");
  EXPECT_EQ(row.leases, 17);
  EXPECT_EQ(parse_database_now({gossip_row()}).value(), from_ms(1795423334100));
}

TEST(Gossip, ANodeWhoseDescriptorIsGoneKeepsItsRecord) {
  auto cells = gossip_row();
  for (std::size_t i = 6; i < cells.size(); ++i) cells[i].reset();
  const auto rows = parse_gossip({cells});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->front().is_live, std::nullopt);
  EXPECT_EQ(rows->front().address, std::nullopt);
}

TEST(Gossip, NegativeLeasesAreUnknown) {
  auto cells = gossip_row();
  cells[13] = "-5";
  EXPECT_EQ(parse_gossip({cells})->front().leases, std::nullopt);
}

TEST(Gossip, AWrongCellIsNamedWithWhatWasExpected) {
  auto cells = gossip_row();
  cells[2] = std::nullopt;
  auto rows = parse_gossip({gossip_row(), cells});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::upstream);
  EXPECT_EQ(rows.error().message,
            "gossip row 2: expiration is NULL; expected seconds since the epoch");
  cells = gossip_row();
  cells[4] = "gone";
  EXPECT_THAT(parse_gossip({cells}).error().message, HasSubstr("membership is \"gone\""));
  cells = gossip_row();
  cells[0] = "0";
  EXPECT_FALSE(parse_gossip({cells}));
  EXPECT_FALSE(parse_gossip({sql::Row{}}));
  EXPECT_THAT(parse_database_now({}).error().message, HasSubstr("initialised"));
}

TEST(Gossip, IdentityNeedsANodeId) {
  const auto identity =
      parse_identity({{"3", "ClusterID", "abc"}, {"3", "Build", "CockroachDB x"}});
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->node_id, NodeId{3});
  EXPECT_EQ(identity->cluster_id, "abc");
  EXPECT_FALSE(parse_identity({}));
  EXPECT_FALSE(parse_identity({{"x", "ClusterID", "abc"}}));
}

TEST(Placement, RangesWithTheSameVotersAreOneGroupWhateverTheirOrder) {
  const auto part = parse_placement({{"1", "1,3,2"}, {"2", "1,2,3"}, {"3", "2,3,4"}});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->ranges, 3);
  ASSERT_EQ(part->groups.size(), 2U);
  EXPECT_EQ(part->groups[0].ranges, 2);
}

TEST(Placement, OnlyVotersVoteAndThoseOfTheOldHalfOfAJointConfigurationAreFound) {
  const auto part = parse_placement(
      {{"7", "2,1", "/Min", "1,2,3,4,5", "4", "5"}, {"8", "1,2", "/Table/9", "1,2,4,5", "4", "5"}});
  ASSERT_TRUE(part);
  ASSERT_EQ(part->groups.size(), 2U);
  EXPECT_TRUE(part->groups[0].outgoing.empty());
  EXPECT_EQ(part->groups[0].named[0].id, 8);
  EXPECT_EQ(part->groups[1].outgoing, std::vector{StoreId{3}});
  EXPECT_EQ(part->groups[1].named[0].name, "/Min");
  EXPECT_THAT(parse_placement({{"7", "1", "/Min", "x"}}).error().message, HasSubstr("replicas"));
}

TEST(Placement, NoRangesIsAnErrorAndNotZero) {
  EXPECT_FALSE(parse_placement({}));
  EXPECT_FALSE(parse_placement({{"1", ""}}));
  EXPECT_THAT(parse_placement({{"1", "a"}}).error().message, HasSubstr("voting_replicas"));
  EXPECT_FALSE(parse_stores({{"1", std::nullopt}}));
}

TEST(RuntimeInfo, AWildcardHostIsTheHostThatWasDialled) {
  const auto rows = [](const std::string& host, const std::string& scheme) -> sql::Rows {
    return {{"4", "UI", "Host", host}, {"4", "UI", "Port", "8080"}, {"4", "UI", "Scheme", scheme}};
  };
  EXPECT_EQ(parse_runtime_info("n4:26257", rows("0.0.0.0", "http"))->http, "n4:8080");
  EXPECT_EQ(parse_runtime_info("n4:26257", rows("", "http"))->http, "n4:8080");
  EXPECT_EQ(parse_runtime_info("n4:26257", rows("10.0.0.4", "http"))->http, "10.0.0.4:8080");
  EXPECT_EQ(parse_runtime_info("n4:26257", rows("::1", "http"))->http, "[::1]:8080");
  EXPECT_TRUE(parse_runtime_info("n4:26257", rows("h", "http"))->http_in_clear);
  EXPECT_EQ(parse_runtime_info("n4:26257", rows("10.0.0.4", "https"))->http, "10.0.0.4:8080");
  EXPECT_FALSE(parse_runtime_info("n4:26257", rows("h", "https"))->http_in_clear);
  EXPECT_EQ(parse_runtime_info("n4:26257", rows("h", "http"))->id, NodeId{4});
  EXPECT_FALSE(parse_runtime_info("n4:26257", {}));
}

TEST(Vars, StoreGaugesAreSummedAndStoresListed) {
  const auto vars = parse_vars(
      "# HELP ranges Number of ranges\n"
      "ranges{store=\"1\",node_id=\"7\"} 31\n"
      "ranges{store=\"2\",node_id=\"7\"} 4\n"
      "ranges_unavailable{store=\"1\"} 1e+00\n"
      "replicas_leaders{store=\"1\"} 9\n"
      "liveness_livenodes 3\n"
      "node_id{advertise_addr=\"h:1\",http_addr=\"h:2\",sql_addr=\"h:3\"} 7\n");
  ASSERT_TRUE(vars);
  EXPECT_EQ(vars->node_id, NodeId{7});
  EXPECT_EQ(vars->ranges, 35);
  EXPECT_EQ(vars->ranges_unavailable, 1);
  EXPECT_EQ(vars->ranges_underreplicated, std::nullopt) << "absent is unknown";
  EXPECT_EQ(vars->live_nodes, 3);
  EXPECT_EQ(vars->http_address, "h:2");
  EXPECT_EQ(vars->sql_address, "h:3");
  EXPECT_THAT(vars->stores, ElementsAre(StoreId{1}, StoreId{2}));
}

TEST(Vars, WhatIsNotAPageIsRefusedAndBadNumbersAreIgnored) {
  EXPECT_FALSE(parse_vars(""));
  EXPECT_FALSE(parse_vars("404 page not found"));
  const auto vars =
      parse_vars("node_id{a=\"b\"} 1\nranges{store=\"1\"\nranges NaN\nreplicas -1\nranges");
  ASSERT_TRUE(vars);
  EXPECT_EQ(vars->ranges, std::nullopt);
  EXPECT_EQ(vars->replicas, std::nullopt);
}

}  // namespace
}  // namespace faultline::sources
