#include "exporter/observe/diff.hpp"

#include <gmock/gmock.h>

#include "tests/unit/exporter/toy_cluster.hpp"

namespace faultline::observe {
namespace {

ClusterSnapshot healthy() {
  test::ToyCluster cluster{3, 65};
  for (int node = 1; node <= 3; ++node) cluster.set_container(node, ContainerState::running);
  return cluster.look();
}

TEST(Diff, NothingChangedIsNoEvent) {
  const auto before = healthy();
  auto after = before;
  after.at += milliseconds{900};
  after.nodes[0].liveness.expires_at = after.at;
  EXPECT_TRUE(diff(&before, after).empty());
  EXPECT_FALSE(differs(before, after)) << "ages alone are no news";
  EXPECT_TRUE(diff(nullptr, after).empty());
}

TEST(Diff, StoppingOneContainerIsOneEventAboutThatNodeWithItsCause) {
  const auto before = healthy();
  auto after = before;
  FaultView fault;
  fault.id = FaultId{"f-17"};
  fault.kind = FaultKind::kill;
  fault.state = FaultState::active;
  fault.target = "crdb-2";
  fault.node_id = NodeId{2};
  after.faults = {fault};
  auto with_fault = before;
  with_fault.faults = {fault};
  after.nodes[1].container.state = ContainerState::exited;
  const auto events = diff(&with_fault, after);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, EventKind::container_state);
  EXPECT_EQ(events[0].node_id, NodeId{2});
  EXPECT_EQ(events[0].fault_id, FaultId{"f-17"});
  EXPECT_EQ(events[0].sentence, "n2 container exited");
  EXPECT_EQ(events[0].severity, Severity::warning);
  EXPECT_TRUE(differs(with_fault, after));
}

TEST(Diff, AFaultThatEndedLongAgoExplainsNothing) {
  const auto before = healthy();
  auto after = before;
  FaultView fault;
  fault.id = FaultId{"f-1"};
  fault.state = FaultState::reverted;
  fault.node_id = NodeId{2};
  fault.ended_at = after.at - std::chrono::seconds{40};
  after.faults = {fault};
  auto with_fault = after;
  after.nodes[1].process.state = ProcessState::unreachable;
  after.nodes[1].process.reason = "connection refused";
  const auto events = diff(&with_fault, after);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].fault_id, std::nullopt);
  EXPECT_EQ(events[0].sentence, "n2 process unreachable: connection refused");
}

TEST(Diff, ToAndFromUnknownIsTheSourcesStoryNotTheNodes) {
  const auto before = healthy();
  auto after = before;
  after.nodes[1].liveness.state = Liveness::unknown;
  after.nodes[1].process.state = ProcessState::unknown;
  after.nodes[1].container.state = ContainerState::unknown;
  EXPECT_TRUE(diff(&before, after).empty());
  EXPECT_TRUE(differs(before, after));
}

TEST(Diff, AFaultIsToldWithItsTargetAndItsNode) {
  const auto before = healthy();
  auto after = before;
  FaultView fault;
  fault.id = FaultId{"f-3"};
  fault.kind = FaultKind::kill;
  fault.state = FaultState::active;
  fault.target = "crdb-4";
  after.faults = {fault};
  EXPECT_EQ(diff(&before, after).at(0).sentence, "Fault kill of crdb-4 is active");
  after.faults[0].node_id = NodeId{2};
  EXPECT_EQ(diff(&before, after).at(0).sentence, "Fault kill of crdb-4 (n2) is active");
}

TEST(Diff, ANodeJoinsWithItsAddressOrWithoutOne) {
  const auto before = healthy();
  auto after = before;
  NodeView joined;
  joined.id = NodeId{4};
  after.nodes.push_back(joined);
  EXPECT_EQ(diff(&before, after).at(0).sentence, "n4 joined");
  after.nodes.back().address = "h:4";
  EXPECT_EQ(diff(&before, after).at(0).sentence, "n4 joined at h:4");
}

TEST(Diff, EveryKindOfChangeHasItsEvent) {
  const auto before = healthy();
  auto after = before;
  after.nodes[0].liveness.state = Liveness::dead;
  after.nodes[1].leader_ranges = 0;
  after.verdict.state = VerdictState::unavailable;
  after.verdict.sentence = "14 ranges without quorum";
  after.sources[0].stale = true;
  NodeView joined;
  joined.id = NodeId{4};
  joined.address = "h:4";
  after.nodes.push_back(joined);
  after.nodes.erase(after.nodes.begin() + 2);
  FaultView fault;
  fault.id = FaultId{"f-2"};
  fault.state = FaultState::revert_failed;
  fault.overdue = true;
  after.faults = {fault};
  std::vector<EventKind> kinds;
  for (const auto& event : diff(&before, after)) kinds.push_back(event.kind);
  EXPECT_THAT(kinds, testing::UnorderedElementsAre(
                         EventKind::liveness_state, EventKind::leases_moved, EventKind::verdict,
                         EventKind::source, EventKind::node_joined, EventKind::node_removed,
                         EventKind::fault, EventKind::fault));
}

}  // namespace
}  // namespace faultline::observe
