#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/unit/exporter/toy_cluster.hpp"

// The gauges of a real cluster of five through a partial partition of n1 and n2, played
// through `assemble`: rules in place at 0 s, lifted at 25 s. Recorded of n1, n2 and n3;
// n4 and n5 saw what n3 saw.

namespace faultline::test {
namespace {

struct Gauges {
  std::int64_t nominal = 0;
  std::int64_t initializing = 0;
};
using Moment = std::map<std::int64_t, Gauges>;  ///< By node.

std::map<int, Moment> recorded() {
  std::ifstream file{std::filesystem::path{FAULTLINE_SOURCE_DIR} /
                     "tests/contract/exporter/data/partial-partition.csv"};
  std::map<int, Moment> moments;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    double at = 0;
    std::int64_t node = 0;
    Gauges gauges;
    char comma = 0;
    std::istringstream{line} >> at >> comma >> node >> comma >> gauges.nominal >> comma >>
        gauges.initializing;
    moments[static_cast<int>(at * 1000)][node] = gauges;
  }
  return moments;
}

TEST(RecordedPartition, IsNamedWhileItLastsAndNeverAnythingElse) {
  const std::string kCut = "n1 and n2 cannot see each other";
  ToyCluster cluster{5, 65};
  std::map<int, std::string> told;
  std::map<std::int64_t, Gauges> latest;
  int before_ms = 0;
  const auto moments = recorded();
  ASSERT_GT(moments.size(), 20U);
  for (const auto& [ms, moment] : moments) {
    for (const auto& [node, gauges] : moment) latest[node] = gauges;
    if (latest.size() < 3) continue;
    if (ms > before_ms) cluster.advance(milliseconds{ms - before_ms});
    before_ms = ms;
    cluster.poll();
    auto metrics = *cluster.readings.metrics->part;
    for (std::size_t i = 0; i < metrics.pages.size(); ++i) {
      const auto& gauges = latest.at(std::min<std::int64_t>(static_cast<std::int64_t>(i) + 1, 3));
      metrics.pages[i].vars->connections_good = gauges.nominal;
      metrics.pages[i].vars->connections_bad = gauges.initializing;
    }
    cluster.readings.metrics->part = std::make_shared<const sources::MetricsPart>(metrics);
    told[ms] = cluster.assemble().connectivity.sentence;
  }
  for (const auto& [ms, sentence] : told) {
    const bool too_early_or_over = ms < 20'000 || ms > 33'000;
    const bool sure = ms > 24'000 && ms < 30'000;
    EXPECT_TRUE(sentence.empty() || (!too_early_or_over && sentence == kCut)) << ms << sentence;
    EXPECT_TRUE(!sure || sentence == kCut) << ms << sentence;
  }
}

}  // namespace
}  // namespace faultline::test
