#include "exporter/metrics/page.hpp"

#include <set>

#include <gmock/gmock.h>

#include "exporter/metrics/catalogue.hpp"
#include "exporter/metrics/collect_filter.hpp"
#include "exporter/metrics/to_families.hpp"
#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, WithoutAPictureTheExporterStillTellsAboutItself) {
  const auto page = render_page(nullptr, {}, from_ms(0));
  EXPECT_THAT(page, HasSubstr("faultline_up 0\n"));
  EXPECT_THAT(page, HasSubstr("faultline_build_info{"));
  EXPECT_THAT(page, Not(HasSubstr("faultline_verdict")));
}

/// The addresses that were given, and no name of a node: no login works.
const ClusterSnapshot& unnamed(test::ToyCluster& cluster, ProcessState second) {
  cluster.seeds = {{"a:1", "b:1"}, {}};
  sources::ProcessPart part;
  part.probes = {{"a:1", {}, ProcessState::unreachable, "refused", {}},
                 {"b:1", {}, second, {}, {}}};
  cluster.readings.process.emplace();
  cluster.readings.process->part = std::make_shared<const sources::ProcessPart>(part);
  cluster.readings.process->health.read_at = cluster.now;
  cluster.readings.process->reads = 1;
  return cluster.assemble();
}

TEST(Metrics, UpSaysWhetherAnyProcessAnswersAlthoughNoNodeHasBeenNamed) {
  test::ToyCluster cluster{3, 65};
  EXPECT_THAT(render_page(&unnamed(cluster, ProcessState::reachable), {}, cluster.now),
              HasSubstr("faultline_up 1\n"));
  EXPECT_THAT(render_page(&unnamed(cluster, ProcessState::unresponsive), {}, cluster.now),
              HasSubstr("faultline_up 0\n"));
}

TEST(Metrics, OfATargetThereIsNothingAboutTheExporterAndOfTheExporterNothingOfACluster) {
  test::ToyCluster cluster{3, 65};
  const auto& snapshot = cluster.look();
  const auto target = render_target(&snapshot, {}, cluster.now);
  EXPECT_THAT(target, HasSubstr("faultline_up 1\n"));
  EXPECT_THAT(target, HasSubstr("faultline_events_total{"));
  EXPECT_THAT(target, Not(HasSubstr("process_cpu")));
  EXPECT_THAT(target, Not(HasSubstr("faultline_build_info")));
  EXPECT_THAT(target, Not(HasSubstr("faultline_stream_")));
  const auto exporter = render_exporter({});
  EXPECT_THAT(exporter, HasSubstr("faultline_build_info{"));
  EXPECT_THAT(exporter, HasSubstr("process_cpu_seconds_total"));
  EXPECT_THAT(exporter, Not(HasSubstr("faultline_up"))) << "no cluster is no outage";
  EXPECT_THAT(exporter, Not(HasSubstr("faultline_events_total")));
}

TEST(Metrics, UnknownIsAbsentAndNeverZero) {
  test::ToyCluster cluster{3, 65};
  const auto& snapshot = cluster.assemble();
  const auto page = render_page(&snapshot, {}, cluster.now);
  EXPECT_THAT(page, Not(HasSubstr("faultline_ranges ")));
  EXPECT_THAT(page, Not(HasSubstr("faultline_ranges_without_quorum ")));
  EXPECT_THAT(page, Not(HasSubstr("faultline_ranges_unavailable{")));
  EXPECT_THAT(page, HasSubstr("faultline_ranges_unavailable_valid{opinion=\"computed\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("faultline_verdict{state=\"unknown\"} 1\n"));
}

TEST(Metrics, AnInvalidOpinionHasNoNumber) {
  test::ToyCluster cluster{3, 65};
  cluster.look();
  cluster.set(2, test::ToyCluster::State::killed);
  cluster.set(3, test::ToyCluster::State::killed);
  const auto& snapshot = cluster.look();
  const auto page = render_page(&snapshot, {}, cluster.now);
  EXPECT_THAT(page, HasSubstr("faultline_ranges_without_quorum 65\n"));
  EXPECT_THAT(page, HasSubstr("faultline_ranges_unavailable{opinion=\"computed\"} 65\n"));
  EXPECT_THAT(page, Not(HasSubstr("faultline_ranges_unavailable{opinion=\"native\"}")));
  EXPECT_THAT(page, HasSubstr("faultline_verdict{state=\"unavailable\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("faultline_node_process{node_id=\"2\",state=\"unreachable\"} 1\n"));
}

TEST(Metrics, HostileLabelValuesStayInTheirLabel) {
  test::ToyCluster cluster{1, 1, 1};
  auto snapshot = cluster.look();
  snapshot.nodes[0].locality = "a=\"b\\c\"\nfaultline_up 9";
  const auto page = render_page(&snapshot, {}, cluster.now);
  EXPECT_THAT(page, HasSubstr("locality=\"a=\\\"b\\\\c\\\"\\nfaultline_up 9\""));
  EXPECT_THAT(page, Not(HasSubstr("\nfaultline_up 9")));
}

TEST(Metrics, OnlyWhatTheWantedCollectorsGave) {
  test::ToyCluster cluster{3, 65};
  const auto& snapshot = cluster.look();
  const auto page = render_page(&snapshot, {}, cluster.now, {"gossip"});
  EXPECT_THAT(page, HasSubstr("faultline_node_liveness{"));
  EXPECT_THAT(page, HasSubstr("faultline_scrape_collector_success{collector=\"gossip\"}"));
  EXPECT_THAT(page, HasSubstr("faultline_verdict{"));
  EXPECT_THAT(page, HasSubstr("faultline_up 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("faultline_node_process")));
  EXPECT_THAT(page, Not(HasSubstr("collector=\"process\"")));
}

TEST(Metrics, EveryCollectorKeepsWhatIsFromSeveralAndWhatIsItsOwn) {
  test::ToyCluster cluster{3, 65};
  const auto& snapshot = cluster.watch(std::chrono::seconds{11});
  for (const std::string collector : {"process", "metrics", "gossip", "placement"}) {
    const auto page = render_page(&snapshot, {}, cluster.now, {collector});
    for (const auto* name : {"faultline_up", "faultline_node_peers_lost", "faultline_node_replicas",
                             "faultline_node_leaseholders", "faultline_node_stores_missing"}) {
      EXPECT_THAT(page, HasSubstr("\n" + std::string{name})) << collector;
    }
    for (const auto& metric : kCatalogue) {
      const auto origin = collector_of(metric.name);
      const bool others = !origin.empty() && origin != collector;
      const auto type = "# TYPE " + std::string{metric.name} + " ";
      if (others) EXPECT_THAT(page, Not(HasSubstr(type))) << collector;
    }
  }
}

TEST(CollectFilter, EveryOriginIsACollectorThatIsTold) {
  const std::set<std::string_view> collectors{"process",    "metrics",   "gossip",      "placement",
                                              "containers", "kv_status", "cluster_log", "probe"};
  int with_origin = 0;
  for (const auto& metric : kCatalogue) {
    const auto origin = collector_of(metric.name);
    if (origin.empty()) continue;
    EXPECT_TRUE(collectors.contains(origin)) << metric.name;
    ++with_origin;
  }
  EXPECT_GT(with_origin, 15);
}

TEST(Metrics, ANodeThatIsGoneTakesItsSeriesWithIt) {
  test::ToyCluster cluster{3, 65};
  auto snapshot = cluster.look();
  EXPECT_THAT(render_page(&snapshot, {}, cluster.now), HasSubstr("node_id=\"3\""));
  snapshot.nodes.pop_back();
  EXPECT_THAT(render_page(&snapshot, {}, cluster.now), Not(HasSubstr("node_id=\"3\"")));
}

TEST(Metrics, OneSeriesPerFaultEvenWhenItsTargetHadTwo) {
  test::ToyCluster cluster{1, 1, 1};
  auto snapshot = cluster.look();
  FaultView fault;
  fault.state = FaultState::active;
  fault.target = "crdb-1";
  fault.overdue = true;
  snapshot.faults = {fault, fault};
  std::set<std::string> series;
  for (const auto& family : to_families(&snapshot, {}, cluster.now)) {
    for (const auto& metric : family.metric) {
      std::string name = family.name;
      for (const auto& label : metric.label) name += "," + label.name + "=" + label.value;
      EXPECT_TRUE(series.insert(name).second) << name;
    }
  }
}

TEST(Catalogue, HelpIsOneLineAndNamesAreUnique) {
  std::set<std::string_view> names;
  for (const auto& metric : kCatalogue) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_EQ(metric.help.find_first_of("\n\\"), std::string_view::npos) << metric.name;
    EXPECT_EQ(metric.kind == Kind::counter, metric.name.ends_with("_total")) << metric.name;
  }
}

TEST(SelfStatsTest, TheKernelTellsAboutUs) {
  const auto stats = read_process_stats();
  EXPECT_GT(stats.resident_bytes, 1e6);
  EXPECT_GT(stats.virtual_bytes, stats.resident_bytes);
  EXPECT_GE(stats.open_fds, 3);
  EXPECT_GT(stats.max_fds, stats.open_fds);
  EXPECT_GT(stats.start_time_seconds, 1.6e9);
}

}  // namespace
}  // namespace faultline::metrics
