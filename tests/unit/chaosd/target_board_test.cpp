#include "chaosd/service/target_board.hpp"

#include <gmock/gmock.h>

#include "chaosd/service/node_resolver.hpp"
#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TargetInfo target_with(const std::string& name, std::vector<std::string> addresses) {
  return {name, "id-" + name, "run-1", ContainerState::running, {}, std::move(addresses)};
}

std::optional<NodeId> node_of_first(const std::vector<TargetInfo>& targets,
                                    const std::vector<NodeAddress>& nodes) {
  return node_of(targets.front(), targets, nodes);
}

TEST(NodeOf, HostAndPortDecide) {
  const auto a = target_with("a", {"127.0.0.1:26258"});
  const auto b = target_with("b", {"127.0.0.1:26257"});
  const std::vector<NodeAddress> nodes{{NodeId{1}, "127.0.0.1:26257"},
                                       {NodeId{2}, "127.0.0.1:26258"}};
  EXPECT_EQ(node_of(a, {a, b}, nodes), NodeId{2});
  EXPECT_EQ(node_of(b, {a, b}, nodes), NodeId{1});
}

TEST(NodeOf, AHostThatOnlyOneTargetHasIsEnough) {
  const auto a = target_with("a", {"crdb-1", "172.30.0.11"});
  const auto b = target_with("b", {"crdb-2"});
  EXPECT_EQ(node_of_first({a, b}, {{NodeId{4}, "crdb-1:26257"}}), NodeId{4});
  EXPECT_EQ(node_of_first({a, b}, {{NodeId{4}, "172.30.0.11:26257"}}), NodeId{4});
}

TEST(NodeOf, AHostThatTwoTargetsHaveIsNobodys) {
  const auto a = target_with("a", {"127.0.0.1"});
  const auto b = target_with("b", {"127.0.0.1"});
  EXPECT_EQ(node_of_first({a, b}, {{NodeId{1}, "127.0.0.1:26257"}}), std::nullopt);
}

TEST(NodeOf, AnotherPortOfTheSameHostIsAnotherNode) {
  const auto a = target_with("a", {"127.0.0.1:26257"});
  EXPECT_EQ(node_of_first({a}, {{NodeId{2}, "127.0.0.1:26258"}}), std::nullopt);
}

TEST(NodeOf, AHostIsNotTakenFromTheTargetThatHasItsPortToo) {
  const auto a = target_with("a", {"host"});
  const auto b = target_with("b", {"host:26257"});
  EXPECT_EQ(node_of_first({a, b}, {{NodeId{1}, "host:26257"}}), std::nullopt);
}

TEST(NodeOf, TheSuccessorOfADecommissionedNodeHasItsAddress) {
  const auto a = target_with("a", {"crdb-1:26257"});
  EXPECT_EQ(node_of_first({a}, {{NodeId{1}, "crdb-1:26257", true}, {NodeId{6}, "crdb-1:26257"}}),
            NodeId{6});
  EXPECT_EQ(node_of_first({a}, {{NodeId{1}, "crdb-1:26257"}, {NodeId{6}, "crdb-1:26257"}}),
            NodeId{6});
  EXPECT_EQ(node_of_first({a}, {{NodeId{1}, "crdb-1:26257", true}}), std::nullopt);
}

TEST(NodeOf, BracketsOfIpv6AreNotPartOfTheHost) {
  const auto a = target_with("a", {"fd00::1"});
  EXPECT_EQ(node_of_first({a}, {{NodeId{1}, "[fd00::1]:26257"}}), NodeId{1});
}

TEST(ReadNodes, TakesIdAddressAndLiveness) {
  const auto nodes = read_nodes(R"({"nodes":[{"node_id":3,"address":"h:1","other":[]},
      {"node_id":4,"address":"h:2","liveness":{"state":"decommissioned"}}]})");
  ASSERT_TRUE(nodes);
  ASSERT_EQ(nodes->size(), 2U);
  EXPECT_EQ((*nodes)[0].id, NodeId{3});
  EXPECT_FALSE((*nodes)[0].decommissioned);
  EXPECT_TRUE((*nodes)[1].decommissioned);
}

TEST(ReadNodes, WhatIsNotAStateIsAnError) {
  for (const char* body :
       {"", "[]", "{}", R"({"nodes":{}})", R"({"nodes":[1]})",
        R"({"nodes":[{"node_id":"3","address":"h:1"}]})", R"({"nodes":[{"node_id":3}]})"}) {
    EXPECT_FALSE(read_nodes(body)) << body;
  }
}

class Board : public ChaosdTest {
 protected:
  [[nodiscard]] std::vector<std::string> sentences(std::int64_t after) const {
    std::vector<std::string> told;
    (void)life->feed.poll({after, std::nullopt, 0ms}, {}, [&](const FeedBatch& batch) {
      for (const auto& event : batch.events) told.push_back(event.sentence);
    });
    return told;
  }
};

TEST_F(Board, TellsEachChangeOnce) {
  const auto seq = life->feed.seq();
  world.at("n2").state = ContainerState::exited;
  life->watch.step();
  life->watch.step();
  EXPECT_THAT(sentences(seq), ::testing::ElementsAre("n2 is exited"));
}

TEST_F(Board, ARestartBetweenTwoListingsIsAChangeToo) {
  const auto seq = life->feed.seq();
  world.start("n2");
  life->watch.step();
  EXPECT_THAT(sentences(seq), ::testing::ElementsAre("n2 is running"));
}

TEST_F(Board, AnotherNetworkIsAChangeOfWhatRunsOnly) {
  const auto seq = life->feed.seq();
  world.at("n2").addresses.push_back("10.9.0.2");
  life->watch.step();
  EXPECT_THAT(sentences(seq), ::testing::ElementsAre("n2 has other addresses now"));
  world.at("n2").state = ContainerState::exited;
  life->watch.step();
  world.at("n2").addresses = {"n2"};
  life->watch.step();
  EXPECT_THAT(sentences(seq), ::testing::ElementsAre("n2 has other addresses now", "n2 is exited"));
}

TEST_F(Board, ATargetThatGoesIsToldAsRemoved) {
  const auto seq = life->feed.seq();
  world.targets.erase("id-n3");
  life->watch.step();
  EXPECT_THAT(sentences(seq), ::testing::ElementsAre("n3 is removed"));
  EXPECT_EQ(life->board.targets().size(), 2U);
}

TEST_F(Board, StatesBecomeUnknownWhenTheRuntimeStaysAway) {
  world.errors["list"] = {ErrorCode::unavailable, "connection refused"};
  clock.advance(1s);
  life->watch.step();
  EXPECT_EQ(life->board.targets()[0].state, ContainerState::running) << "a hiccup is no news";
  EXPECT_FALSE(life->board.runtime_health().ok);
  clock.advance(5s);
  life->watch.step();
  EXPECT_EQ(life->board.targets()[0].state, ContainerState::unknown);
  world.errors.clear();
  life->watch.step();
  EXPECT_EQ(life->board.targets()[0].state, ContainerState::running);
  EXPECT_TRUE(life->board.runtime_health().ok);
}

TEST_F(Board, NodeIdsStayWhileTheExporterIsAway) {
  life->board.put_nodes(std::vector<NodeAddress>{{NodeId{2}, "n2:26257"}}, clock.now().wall);
  life->board.put_nodes(Error{ErrorCode::unavailable, "refused"}, clock.now().wall);
  life->watch.step();
  EXPECT_EQ(life->board.node_of_target("n2"), NodeId{2});
  EXPECT_TRUE(life->board.has_unresolved());
}

TEST_F(Board, ANodeIdThatBecomesKnownIsNewsOnce) {
  const auto seq = life->feed.seq();
  for (int i = 0; i < 2; ++i) {
    life->board.put_nodes(std::vector<NodeAddress>{{NodeId{5}, "n2:26257"}}, clock.now().wall);
  }
  EXPECT_THAT(sentences(seq), ::testing::ElementsAre("n2 is node 5"));
}

TEST_F(Board, WithoutAnExporterANodeIdIsRefusedInWords) {
  const auto none = life->board.find_node(NodeId{2});
  EXPECT_EQ(none.error().code, ErrorCode::conflict);
  EXPECT_THAT(none.error().message, HasSubstr("--exporter.address"));
  life->board.put_nodes(Error{ErrorCode::unavailable, "connection refused"}, clock.now().wall);
  EXPECT_THAT(life->board.find_node(NodeId{2}).error().message, HasSubstr("connection refused"));
}

TEST_F(Board, AnUnknownNodeIsRefusedWithTheKnownOnes) {
  life->board.put_nodes(std::vector<NodeAddress>{{NodeId{2}, "n2:26257"}, {NodeId{3}, "n3:26257"}},
                        clock.now().wall);
  const auto none = life->board.find_node(NodeId{9});
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
  EXPECT_THAT(none.error().message, HasSubstr("known nodes: 2, 3"));
}

}  // namespace
}  // namespace faultline::chaos
