#include "chaosd/faults/overlap.hpp"

#include <gmock/gmock.h>

#include "tests/unit/chaosd/chaosd_under_test.hpp"

namespace faultline::chaos {
namespace {

using ::testing::HasSubstr;

FaultRequest about(FaultKind kind, const std::string& peer) {
  FaultRequest request = request_for(kind, "n1");
  if (fault_of(kind).shape().peers != FaultShape::Peers::none) {
    request.params.peers = {std::string{peer}};
  }
  return request;
}

FaultParams params_about(FaultKind kind, const std::string& peer) {
  FaultParams params;
  if (fault_of(kind).shape().peers != FaultShape::Peers::none) {
    params.peers = {{peer, "id-" + peer}};
  }
  return params;
}

bool together(FaultKind a, FaultKind b, const std::string& peer_of_b) {
  const auto first = params_about(a, "n3");
  const auto second = params_about(b, peer_of_b);
  const bool forth = why_not_together({a, first}, {b, second}).empty();
  EXPECT_EQ(why_not_together({b, second}, {a, first}).empty(), forth) << "whichever is open first";
  return forth;
}

TEST(Overlap, OneOwnerPerResource) {
  using K = FaultKind;
  for (const Fault* fault : fault_catalogue()) {
    EXPECT_FALSE(together(fault->kind(), fault->kind(), "n3")) << to_string(fault->kind());
  }
  EXPECT_FALSE(together(K::kill, K::pause, "n3"));
  EXPECT_FALSE(together(K::net_latency, K::net_bandwidth, "n2")) << "one queue";
  EXPECT_FALSE(together(K::net_isolate, K::net_loss, "n2"));
  EXPECT_FALSE(together(K::kill, K::net_loss, "n2")) << "its network goes with it";
  EXPECT_FALSE(together(K::pause, K::memory_pressure, "n2"));
  EXPECT_TRUE(together(K::net_partition, K::net_partition, "n2")) << "of other peers";
  EXPECT_TRUE(together(K::net_loss, K::net_latency, "n3"));
  EXPECT_TRUE(together(K::cpu_throttle, K::memory_pressure, "n3"));
  EXPECT_TRUE(together(K::cpu_throttle, K::kill, "n3"));
  EXPECT_FALSE(together(K::disk_slow, K::disk_stall, "n3")) << "one such limit";
  EXPECT_FALSE(together(K::disk_stall, K::kill, "n3")) << "its cgroup goes with it";
  EXPECT_FALSE(together(K::disk_stall, K::disk_fill, "n3"));
  EXPECT_TRUE(together(K::disk_slow, K::net_loss, "n3"));
  for (const K net :
       {K::net_partition, K::net_isolate, K::net_loss, K::net_latency, K::net_bandwidth}) {
    EXPECT_TRUE(together(K::cpu_throttle, net, "n3")) << to_string(net);
    EXPECT_TRUE(together(K::pause, net, "n3")) << to_string(net);
  }
}

TEST(Overlap, ARelayForClientsTakesNoQueueAndNoPeer) {
  using K = FaultKind;
  FaultParams sql;
  sql.path = NetPath::sql;
  for (const K other : {K::net_partition, K::net_loss, K::net_latency, K::net_bandwidth}) {
    EXPECT_EQ(why_not_together({K::net_latency, sql}, {other, params_about(other, "n2")}), "");
    EXPECT_EQ(why_not_together({other, params_about(other, "n2")}, {K::net_latency, sql}), "");
  }
  for (const K other : {K::kill, K::restart, K::net_isolate}) {
    EXPECT_NE(why_not_together({K::net_latency, sql}, {other, {}}), "") << to_string(other);
  }
  EXPECT_THAT(why_not_together({K::net_latency, sql}, {K::net_latency, sql}),
              HasSubstr("takes its clients already"));
}

TEST(Overlap, WithoutPeersAFaultIsAboutAllOfThem) {
  const FaultParams all;
  const auto one = params_about(FaultKind::net_partition, "n3");
  EXPECT_FALSE(
      why_not_together({FaultKind::net_loss, all}, {FaultKind::net_partition, one}).empty());
}

struct Pair {
  const Fault* first;
  const Fault* second;
  std::string peer_of_second;
};

std::vector<Pair> pairs() {
  std::vector<Pair> all;
  for (const Fault* first : fault_catalogue()) {
    for (const Fault* second : fault_catalogue()) {
      all.push_back({first, second, "n3"});
      if (second->shape().peers != FaultShape::Peers::none) all.push_back({first, second, "n2"});
    }
  }
  return all;
}

/// Every pair of kinds on one target of a fake world that knows of one queue per network
/// and of packets that never reach a second rule.
class EveryPair : public ChaosdTest, public ::testing::WithParamInterface<bool> {
 protected:
  /// The second fault, if it was let in beside the first.
  std::optional<FaultId> beside(const FaultView& first, const Pair& pair) {
    const auto answer = life->service.inject(about(pair.second->kind(), pair.peer_of_second));
    const bool first_is_open = is_open(life->fault(first.id).state);
    const bool goes = together(pair.first->kind(), pair.second->kind(), pair.peer_of_second);
    if (answer) {
      EXPECT_TRUE(goes || !first_is_open);
      life->work();
      EXPECT_TRUE(life->fault(answer->id).active_at) << life->fault(answer->id).reason;
      return answer->id;
    }
    EXPECT_TRUE(first_is_open) << answer.error().message;
    EXPECT_EQ(answer.error().code, ErrorCode::conflict);
    if (goes) {
      EXPECT_THAT(answer.error().message, HasSubstr("only a running target"));
    } else {
      EXPECT_THAT(answer.error().message, HasSubstr(first.id.value));
      EXPECT_THAT(answer.error().message, HasSubstr("undo it first"));
    }
    return std::nullopt;
  }
};

TEST_P(EveryPair, IsRefusedByNameOrUndoneToTheWorldBefore) {
  const bool first_in_first_out = GetParam();
  const auto before = world.fingerprint();
  for (const auto& pair : pairs()) {
    SCOPED_TRACE(std::string{to_string(pair.first->kind())} + " then " +
                 std::string{to_string(pair.second->kind())} + " about " + pair.peer_of_second);
    const auto first = life->inject(about(pair.first->kind(), "n3"));
    life->work();
    life->watch.step();
    std::vector<FaultId> open{first.id};
    if (const auto second = beside(first, pair)) open.push_back(*second);
    if (!first_in_first_out) std::reverse(open.begin(), open.end());
    for (const auto& id : open) {
      ASSERT_TRUE(life->service.undo(id));
      life->work();
      const auto settles = fault_of(life->fault(id).kind).settles_for();
      if (settles.count() > 0) life->pass(settles);
      EXPECT_EQ(life->fault(id).state, FaultState::reverted) << life->fault(id).reason;
    }
    life->watch.step();
    EXPECT_EQ(world.fingerprint(), before);
    EXPECT_TRUE(life->service.faults(true).empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, EveryPair, ::testing::Bool());

class TwoFaults : public ChaosdTest {};

TEST_F(TwoFaults, ThoseOfOneCallAreHeldAgainstOneAnotherToo) {
  InjectOrder order{{request_for(FaultKind::kill, "n1"), request_for(FaultKind::stop, "n1")}, true};
  const auto refused = life->service.resolve(order);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "/faults/1/target");
  EXPECT_EQ(refused.error().message,
            "on n1 stop does not go with kill: both decide whether its process runs");
  order.faults[1] = request_for(FaultKind::cpu_throttle, "n1");
  EXPECT_TRUE(life->service.resolve(order));
}

TEST_F(TwoFaults, ARestartOfChaosdKeepsBothAndUndoesBoth) {
  const auto before = world.fingerprint();
  life->inject(FaultKind::cpu_throttle, "n1");
  life->inject(FaultKind::net_loss, "n1");
  life->work();
  begin();
  EXPECT_EQ(life->service.faults(true).size(), 2U);
  life->pass(std::chrono::seconds{61});
  EXPECT_EQ(world.fingerprint(), before);
}

TEST_F(TwoFaults, TheOriginalStartUndoesAllThatIsOpenOnTheTarget) {
  life->inject(FaultKind::cpu_throttle, "n1");
  life->work();
  life->inject(FaultKind::kill, "n1");
  life->work();
  ASSERT_TRUE(life->service.start("n1"));
  life->work();
  EXPECT_TRUE(life->service.faults(true).empty());
  EXPECT_EQ(world.at("n1").state, ContainerState::running);
}

}  // namespace
}  // namespace faultline::chaos
