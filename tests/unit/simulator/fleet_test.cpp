// A fleet is consistent with itself: what tables, gauges and placement say is one story.
#include <gtest/gtest.h>

#include <set>

#include "simulator/cluster/engine.hpp"
#include "simulator/cluster/layout.hpp"
#include "simulator/fleet/fleet.hpp"

namespace faultline::sim::fleet {
namespace {

FleetOptions small(std::int64_t nodes, std::int64_t dead, std::int64_t stores = 1) {
  FleetOptions options;
  options.nodes = nodes;
  options.dead = dead;
  options.stores_per_node = stores;
  options.ranges = 20'000;
  return options;
}

TEST(FleetPlan, EveryRangeHasItsReplicasOnDistinctNodesOfDistinctZones) {
  const FleetPlan plan(small(30, 0, 2));
  bool second_store = false;
  for (cluster::RangeNumber range = 1; range <= 20'000; ++range) {
    const Placement where = plan.placement(range);
    const bool system = range <= 44 && range != cluster::kTimeSeriesRange;
    ASSERT_EQ(where.count, system ? 5U : 3U) << range;
    std::set<std::int64_t> nodes;
    std::set<std::string> zones;
    for (std::size_t at = 0; at < where.count; ++at) {
      ASSERT_GE(where.stores[at], 1);
      ASSERT_LE(where.stores[at], plan.stores());
      nodes.insert(plan.node_of(where.stores[at]));
      zones.insert(plan.locality(plan.node_of(where.stores[at])));
      second_store = second_store || where.stores[at] > 30;
    }
    ASSERT_EQ(nodes.size(), where.count) << range;
    ASSERT_EQ(zones.size(), 3U) << range;
  }
  EXPECT_TRUE(second_store) << "store ids are not node ids";
}

TEST(FleetPlan, SumsOverTheStoresAreTheCluster) {
  for (const std::int64_t dead : {0, 1, 3}) {
    const FleetPlan plan(small(30, dead, 2));
    StoreTotals sum;
    for (std::int64_t store = 1; store <= plan.stores(); ++store) {
      const StoreTotals& each = plan.totals(store);
      sum.replicas += each.replicas;
      sum.leaseholders += each.leaseholders;
      sum.ranges += each.ranges;
      sum.unavailable += each.unavailable;
      sum.underreplicated += each.underreplicated;
      EXPECT_TRUE(each.leaseholders == 0 || !plan.dead(plan.node_of(store)));
    }
    std::int64_t lost = 0, under = 0, gone = 0;
    for (cluster::RangeNumber range = 1; range <= 20'000; ++range) {
      const Placement where = plan.placement(range);
      const auto live = plan.live_replicas(where);
      const auto size = static_cast<std::int64_t>(where.count);
      gone += live == 0 ? 1 : 0;
      lost += live > 0 && live * 2 <= size ? 1 : 0;
      under += live > 0 && live < size ? 1 : 0;
    }
    EXPECT_EQ(sum.replicas, 20'000 * 3 + 43 * 2);
    EXPECT_EQ(sum.ranges, 20'000 - gone) << "nobody counts a range without a live replica";
    EXPECT_EQ(sum.leaseholders, 20'000 - gone - lost);
    EXPECT_EQ(sum.unavailable, lost);
    EXPECT_EQ(sum.underreplicated, under);
    EXPECT_EQ(dead == 0, under == 0);
    EXPECT_EQ(plan.live_nodes(), 30 - dead);
  }
}

TEST(FleetPlan, RangesFollowEachOtherFromMinToMax) {
  const FleetPlan plan(small(5, 0));
  cluster::Descriptor before = plan.descriptor(1);
  EXPECT_EQ(before.start_pretty, "/Min");
  for (cluster::RangeNumber range = 2; range <= 20'000; ++range) {
    cluster::Descriptor each = plan.descriptor(range);
    ASSERT_EQ(before.end_key, each.start_key) << range;
    ASSERT_EQ(before.end_pretty, each.start_pretty) << range;
    ASSERT_LT(before.start_key, each.start_key) << range;
    before = std::move(each);
  }
  EXPECT_EQ(before.end_pretty, "/Max");
}

TEST(FleetPlan, WithMostNodesDeadTheLivenessRangeIsLostAndAllReadsZero) {
  const FleetPlan plan(small(5, 3));
  ASSERT_TRUE(plan.lost());
  EXPECT_EQ(plan.live_nodes(), 0);
  const auto now = cluster::wall_now();
  EXPECT_EQ(metric_value(plan, 1, 1, "ranges.unavailable", now), 0) << "the false zero";
  EXPECT_GT(metric_value(plan, 1, 1, "replicas", now), 0);
  EXPECT_EQ(page(plan, 1, now, "/health?ready=1").status, 503);
  EXPECT_EQ(page(plan, 1, now, "/health").status, 200);
  EXPECT_LE(expiration(plan, 1, now - cluster::kSecond, now), now);
}

TEST(FleetPlan, LiveNodesRenewTheirRecordsAndDeadOnesDoNot) {
  const FleetPlan plan(small(10, 1));
  const cluster::Time started = cluster::wall_now();
  for (int second = 0; second < 30; ++second) {
    const cluster::Time now = started + second * cluster::kSecond;
    EXPECT_GT(expiration(plan, 1, started, now), now);
    EXPECT_LE(expiration(plan, 1, started, now), now + 9 * cluster::kSecond);
    EXPECT_EQ(expiration(plan, 10, started, now), started);
  }
}

sql::SqlResult<std::vector<sql::Row>> read(FleetCatalog& catalog, const char* name,
                                           const sql::Context& context = {}) {
  sql::Table* table = catalog.find_table("system", "crdb_internal", name);
  if (table == nullptr) return sql::SqlError{"42P01", name};
  auto rows = table->read(context, {});
  if (const auto* found = std::get_if<std::vector<sql::Row>>(&rows)) {
    for (const sql::Row& row : *found)
      EXPECT_EQ(row.size(), table->schema().columns.size()) << name;
  }
  return rows;
}

TEST(FleetCatalog, EveryTableHasRowsAsWideAsItsColumnsInEveryRelease) {
  for (const cluster::Profile& profile : cluster::profiles()) {
    FleetOptions options = small(6, 1, 2);
    options.ranges = 100;
    options.profile = &profile;
    const FleetPlan plan(options);
    FleetCatalog catalog(plan, 2, cluster::wall_now());
    const std::map<std::string, std::size_t> expected = {
        {"gossip_nodes", 6},     {"gossip_liveness", 6},   {"kv_node_status", 6},
        {"kv_store_status", 12}, {"kv_node_liveness", 6},  {"ranges_no_leases", 100},
        {"node_build_info", 6},  {"node_runtime_info", 12}};
    for (const auto& [name, count] : expected) {
      const auto rows = read(catalog, name.c_str());
      ASSERT_TRUE(std::holds_alternative<std::vector<sql::Row>>(rows)) << name;
      EXPECT_EQ(std::get<std::vector<sql::Row>>(rows).size(), count) << name;
    }
    for (const char* name : {"gossip_alerts", "node_metrics", "cluster_settings"}) {
      const auto rows = read(catalog, name);
      ASSERT_TRUE(std::holds_alternative<std::vector<sql::Row>>(rows)) << name;
      EXPECT_FALSE(std::get<std::vector<sql::Row>>(rows).empty()) << name;
    }
  }
}

TEST(FleetCatalog, KvTablesEndAtTheDeadlineOnceTheSystemIsLost) {
  const FleetPlan plan(small(5, 3));
  FleetCatalog catalog(plan, 1, cluster::wall_now());
  sql::Context context;
  context.deadline = std::chrono::steady_clock::now();
  const auto rows = read(catalog, "kv_node_status", context);
  const auto* error = std::get_if<sql::SqlError>(&rows);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->sqlstate, "57014");
  EXPECT_TRUE(
      std::holds_alternative<std::vector<sql::Row>>(read(catalog, "gossip_nodes", context)));
}

TEST(FleetOptions, NameTheFlagThatIsWrong) {
  const auto fine = parse_fleet({"--nodes=7", "--dead", "2", "--profile=25.2", "--sql-port=20000"});
  ASSERT_TRUE(fine) << fine.error().message;
  EXPECT_EQ(fine->nodes, 7);
  EXPECT_EQ(fine->dead, 2);
  EXPECT_EQ(fine->profile->release, cluster::Release::v25_2);
  for (const auto& [argument, flag] :
       std::map<std::string, std::string>{{"--nodes=0", "--nodes"},
                                          {"--nodes=many", "--nodes"},
                                          {"--dead=201", "--dead"},
                                          {"--replicas=2", "--replicas"},
                                          {"--profile=9.9", "--profile"},
                                          {"--sql-port=65500", "--sql-port"},
                                          {"--http-port=26300", "--http-port"},
                                          {"--host=", "--host"},
                                          {"--nope=1", "--nope"}}) {
    const auto wrong = parse_fleet({argument});
    ASSERT_FALSE(wrong) << argument;
    EXPECT_EQ(wrong.error().field, flag) << wrong.error().message;
  }
}

}  // namespace
}  // namespace faultline::sim::fleet
