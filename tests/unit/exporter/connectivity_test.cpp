#include "exporter/observe/connectivity.hpp"

#include <random>

#include <gmock/gmock.h>

#include "exporter/observe/links.hpp"
#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

NodeId n(std::int64_t id) { return NodeId{id}; }

struct Recorded {
  const char* when;
  std::int64_t good;
  std::int64_t bad;
  std::int64_t peers;
  std::int64_t lost;
};

class PeersLost : public testing::TestWithParam<Recorded> {};

TEST_P(PeersLost, IsWhatTheRealGaugesMeant) {
  const auto& [when, good, bad, peers, lost] = GetParam();
  EXPECT_EQ(peers_lost(good, bad, peers), lost) << when;
}

// rpc_heartbeats_nominal and _initializing as recorded from a real server.
INSTANTIATE_TEST_SUITE_P(Gauges, PeersLost,
                         testing::Values(Recorded{"healthy, n1 of 5", 8, 0, 4, 0},
                                         Recorded{"healthy, n2 of 5", 10, 0, 4, 0},
                                         Recorded{"healthy, n1 of 3", 5, 0, 2, 0},
                                         Recorded{"n1 cut from n2", 6, 2, 4, 1},
                                         Recorded{"n2 cut from n1", 7, 2, 4, 1},
                                         Recorded{"n5 isolated, itself", 0, 9, 4, 4},
                                         Recorded{"n5 isolated, another", 7, 2, 4, 1},
                                         Recorded{"one of three dead, n1", 3, 2, 2, 1},
                                         Recorded{"two of three dead", 1, 5, 2, 2},
                                         Recorded{"one connection being dialled", 7, 1, 4, 0},
                                         Recorded{"alone", 0, 0, 0, 0}));

TEST(Links, OnePairAndOneIsolatedNodeHaveOneExplanation) {
  EXPECT_THAT(*only_explanation({{n(1), 0}, {n(2), 1}, {n(3), 0}, {n(4), 1}}),
              ElementsAre(LinkPair{n(2), n(4)}));
  const auto star = only_explanation({{n(1), 1}, {n(2), 1}, {n(3), 1}, {n(4), 3}});
  EXPECT_EQ(words_for(*star), "n4 cannot see n1, n2 and n3");
  EXPECT_TRUE(only_explanation({{n(1), 0}, {n(2), 0}})->empty());
}

TEST(Links, WhatMayBeTwoThingsIsNotGuessed) {
  EXPECT_EQ(only_explanation({{n(1), 1}, {n(2), 1}, {n(3), 1}, {n(4), 1}}), std::nullopt);
  EXPECT_EQ(only_explanation({{n(1), 1}, {n(2), 0}, {n(3), 0}}), std::nullopt)
      << "one end alone cannot be cut";
  EXPECT_EQ(only_explanation({{n(1), 2}, {n(2), 2}, {n(3), 2}, {n(4), 3}, {n(5), 3}}),
            std::nullopt);
}

TEST(Links, AnExplanationIsTheOnlyOneAndExplains) {
  // Against all graphs of five nodes: what is told must be the graph, and only where no
  // other has the same counts.
  std::map<std::vector<std::int64_t>, int> graphs_with;
  std::vector<LinkPair> all;
  for (int a = 1; a <= 5; ++a) {
    for (int b = a + 1; b <= 5; ++b) all.emplace_back(n(a), n(b));
  }
  const auto counts_of = [&](unsigned graph, std::vector<LinkPair>& pairs) {
    std::vector<std::int64_t> counts(5);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if ((graph >> i & 1U) == 0) continue;
      pairs.push_back(all[i]);
      ++counts[static_cast<std::size_t>(all[i].first.value - 1)];
      ++counts[static_cast<std::size_t>(all[i].second.value - 1)];
    }
    return counts;
  };
  for (unsigned graph = 0; graph < 1024; ++graph) {
    std::vector<LinkPair> pairs;
    ++graphs_with[counts_of(graph, pairs)];
  }
  for (unsigned graph = 0; graph < 1024; ++graph) {
    std::vector<LinkPair> pairs;
    const auto counts = counts_of(graph, pairs);
    std::map<NodeId, std::int64_t> lost;
    for (int id = 1; id <= 5; ++id) lost[n(id)] = counts[static_cast<std::size_t>(id - 1)];
    const auto told = only_explanation(lost);
    ASSERT_EQ(told.has_value(), graphs_with[counts] == 1) << graph;
    if (told) {
      ASSERT_EQ(*told, pairs) << graph;
    }
  }
}

TEST(Links, ASplitIsNamedBySides) {
  const std::map<NodeId, std::int64_t> lost{{n(1), 3}, {n(2), 3}, {n(3), 2}, {n(4), 2}, {n(5), 2}};
  const auto pairs = between({n(1), n(2)}, {n(3), n(4), n(5)}, lost);
  ASSERT_TRUE(pairs);
  EXPECT_EQ(words_for(*pairs), "n1 and n2 cannot see n3, n4 and n5");
  EXPECT_EQ(between({n(1)}, {n(3), n(4)}, lost), std::nullopt);
  EXPECT_EQ(words_for({{n(1), n(2)}, {n(3), n(4)}}), "n1 and n2, n3 and n4 cannot see each other");
  EXPECT_EQ(words_for({}), "");
}

TEST(Connectivity, TwoNodesThatCannotSeeEachOtherAreNamedAfterTheHold) {
  test::ToyCluster cluster{5, 65};
  cluster.watch(seconds{1});
  cluster.cut(2, 4);
  const auto& early = cluster.look();
  EXPECT_EQ(early.verdict.state, VerdictState::available) << "it may pass";
  EXPECT_TRUE(early.connectivity.valid);
  ASSERT_EQ(early.connectivity.cuts.size(), 1U);
  EXPECT_EQ(early.nodes[1].connectivity.peers_lost, 1);
  EXPECT_EQ(early.nodes[1].connectivity.peers[2].peer, n(4));
  EXPECT_EQ(early.nodes[1].connectivity.peers[2].state, LinkState::cut);
  EXPECT_EQ(early.nodes[1].connectivity.peers[1].state, LinkState::connected);
  const auto& late = cluster.watch(seconds{11});
  EXPECT_EQ(late.verdict.state, VerdictState::degraded);
  EXPECT_THAT(late.verdict.sentence, HasSubstr("; n2 and n4 cannot see each other"));
  cluster.mend(2, 4);
  EXPECT_EQ(cluster.look().verdict.state, VerdictState::available);
}

TEST(Connectivity, ADeadNodeIsDownAndNoCutWhetherItsPeersStillDialItOrNot) {
  test::ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.set(3, test::ToyCluster::State::killed);
  cluster.watch(seconds{20});
  cluster.poll();
  auto metrics = *cluster.readings.metrics->part;
  metrics.pages[1].vars->connections_good = 4;  // Recorded: n2 did not count its dead peer.
  metrics.pages[1].vars->connections_bad = 0;
  cluster.readings.metrics->part = std::make_shared<const sources::MetricsPart>(metrics);
  const auto& snapshot = cluster.assemble();
  EXPECT_TRUE(snapshot.connectivity.valid) << snapshot.connectivity.reason;
  EXPECT_TRUE(snapshot.connectivity.cuts.empty());
  EXPECT_EQ(snapshot.nodes[0].connectivity.peers[1].state, LinkState::down);
}

TEST(Connectivity, WithoutItsGaugesItIsUnknownAndNotWhole) {
  test::ToyCluster cluster{3, 65};
  cluster.watch(seconds{1});
  cluster.poll();
  auto metrics = *cluster.readings.metrics->part;
  metrics.pages[1].vars->connections_good.reset();
  cluster.readings.metrics->part = std::make_shared<const sources::MetricsPart>(metrics);
  const auto& snapshot = cluster.assemble();
  EXPECT_FALSE(snapshot.connectivity.valid);
  EXPECT_EQ(snapshot.connectivity.reason, "n2 has not told of its connections");
  EXPECT_EQ(snapshot.nodes[1].connectivity.peers_lost, std::nullopt);
  EXPECT_EQ(snapshot.nodes[1].connectivity.peers[0].state, LinkState::unknown);
}

TEST(Connectivity, PeersThatTheGaugesNameAreTakenAsNamed) {
  test::ToyCluster cluster{5, 65};
  cluster.watch(seconds{1});
  cluster.poll();
  auto metrics = *cluster.readings.metrics->part;
  metrics.pages[0].vars->bad_by_peer = {{n(2), 2}, {n(3), 0}};
  metrics.pages[2].vars->bad_by_peer = {{n(4), 1}};
  cluster.readings.metrics->part = std::make_shared<const sources::MetricsPart>(metrics);
  const auto& snapshot = cluster.assemble();
  ASSERT_EQ(snapshot.connectivity.cuts.size(), 2U);
  EXPECT_EQ(snapshot.connectivity.cuts[0].a, n(1));
  EXPECT_EQ(snapshot.connectivity.cuts[0].b, n(2));
  EXPECT_EQ(snapshot.connectivity.cuts[1].a, n(3));
}

}  // namespace
}  // namespace faultline::observe
