#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "exporter/sources/gossip.hpp"
#include "exporter/sources/node_metrics.hpp"
#include "exporter/sources/placement.hpp"
#include "exporter/sources/vars_text.hpp"

// The parsers on what a real server said: data/ was recorded from one.

namespace faultline::sources {
namespace {

using testing::ElementsAre;

std::string sample(const std::string& name) {
  std::ifstream file{std::filesystem::path{FAULTLINE_SOURCE_DIR} / "tests/contract/exporter/data" /
                     name};
  EXPECT_TRUE(file) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Enough CSV for what `cockroach sql --format=csv` writes: quotes around commas and
/// quotes, no newlines in a cell. The header row is dropped.
sql::Rows csv(const std::string& name) {
  sql::Rows rows;
  std::istringstream lines{sample(name)};
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    sql::Row row{std::string{}};
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool escaped = quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"';
      if (escaped) {
        *row.back() += line[++i];
      } else if (line[i] == '"') {
        quoted = !quoted;
      } else if (line[i] == ',' && !quoted) {
        row.emplace_back(std::string{});
      } else {
        *row.back() += line[i];
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// The two tables joined into the columns of our statement.
sql::Rows joined_gossip() {
  sql::Rows rows;
  const auto nodes = csv("gossip_nodes.csv");
  const auto liveness = csv("gossip_liveness.csv");
  for (std::size_t i = 0; i < liveness.size(); ++i) {
    const auto& l = liveness[i];
    const auto& n = nodes.at(i);
    rows.push_back({l[0], l[1], l[2], l[3], l[5], sql::Cell{"1795425210.5"}, n[13], n[3], n[6],
                    n[8], n[11], n[12], n[14], n[15]});
  }
  return rows;
}

TEST(Recorded, GossipOfAHealthyCluster) {
  const auto rows = parse_gossip(joined_gossip());
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 3U);
  const auto& second = rows->at(1);
  EXPECT_EQ(second.id, NodeId{2});
  EXPECT_EQ(second.epoch, 12);
  EXPECT_EQ(second.expires_at, from_ms(1795425217281));
  EXPECT_EQ(second.membership, Membership::active);
  EXPECT_EQ(second.is_live, true);
  EXPECT_EQ(second.sql_address, "127.0.0.1:26358");
  EXPECT_EQ(second.locality, "region=local,zone=z2");
  EXPECT_EQ(second.started_at, from_ms(1795424902271));
  EXPECT_EQ(second.ranges, 67);
  EXPECT_EQ(second.leases, 16);
}

TEST(Recorded, BuildAndRuntimeInfo) {
  const auto identity = parse_identity(csv("node_build_info.csv"));
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->node_id, NodeId{1});
  EXPECT_EQ(identity->cluster_id, "0a1a69d2-96ce-4da1-b6e5-faf5b2c3f0af");
  EXPECT_EQ(identity->version.find("CockroachDB CCL v22.1.0"), 0U);
  sql::Rows ui;
  for (const auto& row : csv("node_runtime_info.csv")) {
    if (row[1] == "UI") ui.push_back(row);
  }
  EXPECT_EQ(parse_runtime_info("127.0.0.1:26357", ui)->http, "127.0.0.1:18481");
}

TEST(Recorded, Placement) {
  sql::Rows rows;
  for (const auto& row : csv("ranges_no_leases.csv")) {
    const auto& array = *row.at(12);  // {1,3,2}; our statement asks for array_to_string.
    rows.push_back({row.at(0), array.substr(1, array.size() - 2)});
  }
  const auto part = parse_placement(rows);
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ(part->ranges, 24);
  ASSERT_EQ(part->groups.size(), 1U);
  EXPECT_THAT(part->groups[0].voters, ElementsAre(StoreId{1}, StoreId{2}, StoreId{3}));
}

TEST(Recorded, VarsOfAHealthyNode) {
  const auto vars = parse_vars(sample("vars-healthy.prom"));
  ASSERT_TRUE(vars);
  EXPECT_EQ(vars->node_id, NodeId{1});
  EXPECT_EQ(vars->live_nodes, 3);
  EXPECT_EQ(vars->ranges, 35);
  EXPECT_EQ(vars->ranges_unavailable, 0);
  EXPECT_EQ(vars->replicas, 67);
  EXPECT_EQ(vars->leaseholders, 18);
  EXPECT_EQ(vars->http_address, "127.0.0.1:18481");
  EXPECT_THAT(vars->stores, ElementsAre(StoreId{1}));
}

TEST(Recorded, VarsOfASurvivorWithoutQuorumAreTheFalseZero) {
  const auto vars = parse_vars(sample("vars-quorum-lost.prom"));
  ASSERT_TRUE(vars);
  EXPECT_EQ(vars->live_nodes, 0) << "what gives it away";
  EXPECT_EQ(vars->ranges, 0);
  EXPECT_EQ(vars->ranges_unavailable, 0);
  EXPECT_EQ(vars->replicas, 49);
}

}  // namespace
}  // namespace faultline::sources
