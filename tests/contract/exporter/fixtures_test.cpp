#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/wire/impact_json.hpp"
#include "common/wire/snapshot_json.hpp"
#include "common/wire/table_leases_json.hpp"
#include "exporter/metrics/page.hpp"
#include "tests/unit/exporter/toy_cluster.hpp"

// Files that others read are written here, from one fixed cluster: three nodes, the
// third killed 4 s ago by a fault. FAULTLINE_REWRITE=1 writes them anew.

namespace faultline::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

void expect_file(const fs::path& below_root, const std::string& wanted) {
  const auto path = fs::path{FAULTLINE_SOURCE_DIR} / below_root;
  if (std::getenv("FAULTLINE_REWRITE") != nullptr) std::ofstream{path} << wanted;
  std::ifstream file{path};
  std::stringstream found;
  found << file.rdbuf();
  EXPECT_EQ(found.str(), wanted) << below_root << ": FAULTLINE_REWRITE=1 writes it";
}

/// Clients of the first two nodes are served, those of the third are not.
poll::Reading<sources::ProbePart> probed(WallTime now) {
  sources::ProbePart part;
  for (std::int64_t id = 1; id <= 3; ++id) {
    auto& probe = part.nodes[NodeId{id}];
    probe.read_at = now - milliseconds{120};
    probe.valid = true;
    for (auto& stats : probe.operations) {
      stats.ok = id != 3;
      stats.took = std::chrono::microseconds{1'250 * id};
      stats.worked = 100;
      stats.buckets = {0, 60, 38, 2};
      stats.seconds_sum = 0.25;
      stats.failed = id == 3 ? 16 : 0;
    }
    probe.reason = id == 3 ? "select: connection refused" : "";
    if (id == 3) probe.failing_since = now - seconds{4};
  }
  part.ledger = {300, 1, 4, 2, 1, 1, 0, 0};
  part.write_worked_at = part.telling_since = now - milliseconds{120};
  poll::Reading<sources::ProbePart> reading;
  reading.part = std::make_shared<const sources::ProbePart>(part);
  reading.health = {true, "", {}, now - milliseconds{120}, 2.5};
  reading.reads = 300;
  return reading;
}

struct Fixed {
  Fixed() {
    for (int node = 1; node <= 3; ++node) cluster.set_container(node, ContainerState::running);
    cluster.look();
    cluster.set(3, ToyCluster::State::killed);
    cluster.set_container(3, ContainerState::exited);
    cluster.look();
    cluster.advance(seconds{4});
    cluster.poll();
    auto view = *cluster.readings.containers->part;
    FaultView fault;
    fault.id = FaultId{"f-17"};
    fault.kind = FaultKind::kill;
    fault.state = FaultState::active;
    fault.target = "crdb-3";
    fault.created_at = cluster.now - seconds{4};
    fault.active_at = fault.created_at;
    fault.expires_at = cluster.now + seconds{56};
    view.faults = {fault};
    cluster.readings.containers->part = std::make_shared<const ChaosView>(view);
    cluster.readings.probe = probed(cluster.now);
    snapshot = cluster.assemble();
    snapshot.boot = "b-7f3a";
    snapshot.seq = 4711;
  }
  ToyCluster cluster{3, 65};
  ClusterSnapshot snapshot;
};

TEST(Fixtures, TheWholePictureAsJson) {
  expect_file("tests/contract/exporter/data/snapshot.json",
              wire::to_json(Fixed{}.snapshot).dump(2) + "\n");
}

TEST(Fixtures, AForecast) {
  Fixed fixed;
  fixed.cluster.basis.boot = "b-7f3a";
  const auto answer = observe::impact(fixed.cluster.basis, {{NodeId{2}}, ImpactFault::kill, {}},
                                      fixed.cluster.now + milliseconds{250});
  ASSERT_TRUE(answer);
  // Shortened, as a long one is.
  auto forecast = *answer;
  forecast.ranges.resize(4);
  forecast.truncated = true;
  expect_file("schema/fixtures/impact.json", wire::to_json(forecast).dump(2) + "\n");
}

TEST(Fixtures, TheLeaseholdersOfATable) {
  const auto at = from_ms(1'795'423'340'000);
  const TableLeases reading{.table = "app.public.kv"};
  TableLeases known{.table = "app.public.kv", .state = TableLeases::State::known};
  known.read_at = at;
  known.ranges = 14;
  known.holders = {{NodeId{2}, 9}, {NodeId{1}, 5}};
  TableLeases unknown{.table = "app.public.kv", .state = TableLeases::State::unknown};
  unknown.read_at = at;
  unknown.reason = "1 of 14 ranges do not tell who has their lease";
  const auto list =
      nlohmann::json::array({wire::to_json(reading), wire::to_json(known), wire::to_json(unknown)});
  expect_file("schema/fixtures/leaseholders.json", list.dump(2) + "\n");
  const auto read = wire::read_table_leases(wire::to_json(known).dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->holders, known.holders);
  EXPECT_EQ(read->ranges, 14);
  EXPECT_EQ(wire::read_table_leases("{}").error().code, ErrorCode::upstream);
  EXPECT_FALSE(wire::read_table_leases(R"({"table":"t","state":"maybe","nodes":[]})"));
}

TEST(Fixtures, TheMetricsPage) {
  metrics::SelfStats self;
  self.version = "0.1.0";
  self.compiler = "gcc 12.2.0";
  self.events[static_cast<std::size_t>(EventKind::process_state)] = 1;
  self.stream_clients = 2;
  self.stream_messages_total = 4711;
  self.stream_bytes_total = 1'000'000;
  self.process = {12.5, 13e6, 240e6, 42, 20'000, 1'795'423'000};
  const Fixed fixed;
  expect_file("schema/fixtures/metrics.prom",
              metrics::render_page(&fixed.snapshot, self, fixed.snapshot.at));
}

/// What a database, an Engine or a name server may say, in every text of the picture.
ClusterSnapshot hostile() {
  const std::string text =
      "a\"b\\c\nfaultline_up 9\n# TYPE x gauge\r\t{}=,\u00e4\u4e2d\U0001F600\xff\xfe'--";
  auto snapshot = Fixed{}.snapshot;
  snapshot.cluster.cluster_id = snapshot.cluster.version = text;
  for (auto& node : snapshot.nodes) {
    node.address = node.sql_address = node.locality = node.version = text;
    node.id.value += 9'000'000'000'000'000'000;
    node.ranges = std::numeric_limits<std::int64_t>::max();
    node.leader_ranges = std::numeric_limits<std::int64_t>::min();
    auto& stats = node.probe.operations[0];
    stats.seconds_sum = std::numeric_limits<double>::quiet_NaN();
  }
  for (auto& source : snapshot.sources) {
    source.error = text;
    source.took_ms = std::numeric_limits<double>::infinity();
  }
  for (auto& fault : snapshot.faults) fault.target = text;
  return snapshot;
}

TEST(Fixtures, NothingThatADatabaseSaysBreaksAScrape) {
  const auto snapshot = hostile();
  expect_file("tests/contract/exporter/data/hostile.prom",
              metrics::render_page(&snapshot, {}, snapshot.at));
}

TEST(Fixtures, TheDocumentationOfTheMetrics) {
  expect_file("docs/METRICS.md", metrics::render_documentation());
}

}  // namespace
}  // namespace faultline::test
