// What a cluster of a later release does differently, with the fact each rests on.
#include <gtest/gtest.h>

#include <algorithm>

#include "simulator/cluster/report.hpp"
#include "tests/unit/simulator/small_cluster.hpp"

namespace faultline::sim::cluster {
namespace {

double value(SmallCluster& cluster, int node, const char* name) {
  return metric_sum(cluster.node(node), name);
}

bool has_metric(Release release, const std::string& name) {
  const auto& names = metric_names(profile(release));
  return std::ranges::any_of(names, [&](const MetricName& each) { return each.name == name; });
}

TEST(Profiles, AreFoundByTheirNamesAndStandInOrder) {
  for (const Profile& each : profiles()) {
    EXPECT_EQ(find_profile(each.name), &each);
    EXPECT_EQ(find_profile("v" + std::string(each.name)), &each);
    EXPECT_EQ(&profile(each.release), &each);
    EXPECT_NE(each.version_text().find("crdbsim"), std::string::npos) << "says what it is";
  }
  EXPECT_EQ(find_profile("22.3"), nullptr);
  EXPECT_EQ(find_profile(""), nullptr);
}

TEST(Profiles, MetricsComeAndGoWithTheirReleases) {
  struct Row {
    const char* name;
    Release first, last;
  };
  for (const Row& row : {Row{"rpc.heartbeats.nominal", Release::v22_1, Release::v23_1},
                         Row{"rpc.connection.healthy", Release::v24_3, Release::v26_1},
                         Row{"leases.liveness", Release::v23_1, Release::v26_1},
                         Row{"leases.leader", Release::v24_3, Release::v26_1},
                         Row{"storeliveness.heartbeat.failures", Release::v24_3, Release::v26_1},
                         Row{"replicas.leaders_not_fortified", Release::v25_2, Release::v26_1},
                         Row{"replicas.asleep", Release::v25_4, Release::v26_1},
                         Row{"liveness.livenodes", Release::v22_1, Release::v26_1}}) {
    for (const Profile& each : profiles()) {
      const bool expected = each.release >= row.first && each.release <= row.last;
      EXPECT_EQ(has_metric(each.release, row.name), expected) << row.name << " in " << each.name;
    }
  }
}

// 9 s in 22.x, 6 s from 23.1 on; renewed every 4.5 s and 3 s.
TEST(Profiles, ADeadNodesLivenessRunsOutWithinTheReleasesTtl) {
  for (const Release release : {Release::v22_2, Release::v23_1, Release::v26_1}) {
    SmallCluster cluster(3, 77, release);
    cluster.run(20);
    cluster.kill(3);
    const Profile& which = profile(release);
    const double took =
        cluster.run_until(20, [&] { return !shown_live(cluster.node(1), 3, cluster.now()); });
    EXPECT_GE(took, which.liveness_ttl_s - which.heartbeat_s - 0.1) << which.name;
    EXPECT_LE(took, which.liveness_ttl_s + 0.1) << which.name;
  }
}

TEST(Profiles, IsLiveFollowsTheLivenessRecordFrom222OnAndTheClientsKeyBefore) {
  for (const Release release : {Release::v22_1, Release::v22_2}) {
    SmallCluster cluster(3, 77, release);
    cluster.run(20);
    cluster.kill(2);
    cluster.kill(3);
    cluster.run(15);
    // Without quorum nobody is live; the old column is about being heard, and oneself is.
    EXPECT_EQ(shown_live(cluster.node(1), 1, cluster.now()), release == Release::v22_1);
    EXPECT_FALSE(shown_live(cluster.node(1), 2, cluster.now()));
  }
}

TEST(Profiles, ALostLinkShowsInTheConnectionGaugesOfBothEndsAndNowhereElse) {
  for (const Release release : {Release::v22_1, Release::v24_3}) {
    SmallCluster cluster(5, 77, release);
    cluster.run(20);
    const char* good =
        release == Release::v22_1 ? "rpc.heartbeats.nominal" : "rpc.connection.healthy";
    const char* bad =
        release == Release::v22_1 ? "rpc.heartbeats.initializing" : "rpc.connection.unhealthy";
    for (int node = 1; node <= 5; ++node) EXPECT_EQ(value(cluster, node, good), 9);
    cluster.cut(4, 5);
    cluster.run(20);
    for (int node = 1; node <= 5; ++node) {
      const bool end = node >= 4;
      EXPECT_EQ(value(cluster, node, good), end ? 7 : 9) << good << " of n" << node;
      EXPECT_EQ(value(cluster, node, bad), end ? 2 : 0) << bad << " of n" << node;
    }
    for (int node = 1; node <= 5; ++node) EXPECT_EQ(value(cluster, node, "liveness.livenodes"), 5);
    cluster.mend();
    EXPECT_GE(cluster.run_until(6, [&] { return value(cluster, 4, good) == 9; }), 0);
  }
}

TEST(Profiles, ChildMetricsNameTheRemoteNodeOfALostLink) {
  SmallCluster cluster(3, 77, Release::v24_3);
  cluster.run(15);
  EXPECT_TRUE(connection_values(cluster.node(1), "rpc.connection.healthy").empty()) << "off";
  cluster.node(1).hear("setting/server.child_metrics.enabled", "true");
  cluster.cut(1, 3);
  cluster.run(15);
  std::map<NodeNumber, double> healthy;
  for (const auto& each : connection_values(cluster.node(1), "rpc.connection.healthy")) {
    healthy[each.remote] += each.value;
  }
  EXPECT_EQ(healthy, (std::map<NodeNumber, double>{{2, 2}, {3, 0}}));
  EXPECT_EQ(value(cluster, 1, "storeliveness.support.withdraw.successes"), 1);
  EXPECT_GT(value(cluster, 1, "storeliveness.heartbeat.failures"), 5);
}

TEST(Profiles, LeaderLeasesOutliveTheLivenessRange) {
  for (const Release release : {Release::v24_3, Release::v25_2}) {
    SmallCluster cluster(5, 77, release);
    cluster.run(15);
    // A range of three voters whose leader lives on while the liveness range is lost.
    Descriptor mine;
    mine.range = kFirstUserRange;
    mine.factor = 3;
    mine.table_id = 104;
    mine.generation = 1;
    mine.start_key = table_key(104);
    mine.replicas = {1};
    cluster.node(1).create_range(mine);
    ASSERT_GE(cluster.run_until(30,
                                [&] {
                                  const Replica* replica = cluster.node(1).replica(kFirstUserRange);
                                  return replica != nullptr && replica->serves() &&
                                         replica->descriptor().replicas.size() == 3;
                                }),
              0);
    cluster.run(3);  // The change to three must be settled, or it needs the two before it.
    const auto voters = cluster.node(1).replica(kFirstUserRange)->descriptor().replicas;
    for (int node = 2; node <= 5; ++node) {
      if (std::ranges::find(voters, node) == voters.end()) cluster.kill(node);
    }
    const auto third = std::ranges::find_if(voters, [](NodeNumber node) { return node != 1; });
    cluster.kill(static_cast<int>(*third));  // Three of five: the system ranges are lost.
    cluster.run(15);
    EXPECT_EQ(value(cluster, 1, "liveness.livenodes"), 0);
    const auto reply = cluster.write(1, kFirstUserRange, "row/1", "x", 5);
    EXPECT_EQ(reply.has_value() && reply->status == KvStatus::done,
              profile(release).leader_leases())
        << profile(release).name;
  }
}

TEST(Profiles, ADeadLeaderIsReplacedWithinAFewSecondsByStoreLiveness) {
  SmallCluster cluster(3, 77, Release::v25_2);
  cluster.run(40);
  int victim = 0;
  for (int node = 1; node <= 3; ++node) {
    const Replica* replica = cluster.node(node).replica(kNamespaceRange);
    if (replica != nullptr && replica->serves()) victim = node;
  }
  ASSERT_NE(victim, 0);
  cluster.kill(victim);
  const int other = victim == 1 ? 2 : 1;
  const Time begin = cluster.now();
  ASSERT_TRUE(cluster.read(other, kNamespaceRange, "", 20));
  EXPECT_LT(static_cast<double>(cluster.now() - begin) / 1e9, 7);
}

class Breaker : public testing::Test {
 protected:
  /// Asks as a SQL statement does: a breaker's answer ends it.
  std::optional<KvReply> ask_failing_fast(SmallCluster& cluster, KvOp op, double seconds) {
    KvRequest request;
    request.range = kLivenessRange;
    request.op = op;
    request.keys = {"liveness/1"};
    auto answer = std::make_shared<std::optional<KvReply>>();
    const auto id = cluster.node(1).router().call(
        request,
        [answer](const KvReply* reply) {
          if (reply != nullptr) *answer = *reply;
        },
        0, true);
    cluster.run_until(seconds, [&] { return answer->has_value(); });
    cluster.node(1).router().cancel(id);
    return *answer;
  }
};

TEST_F(Breaker, TripsAfterAMinuteThenAnswersAtOnceAndHeals) {
  SmallCluster cluster(3, 77, Release::v22_2);
  cluster.run(30);
  cluster.kill(2);
  cluster.kill(3);
  EXPECT_FALSE(ask_failing_fast(cluster, KvOp::read, 50)) << "hangs before";
  const auto first = ask_failing_fast(cluster, KvOp::read, 70);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, KvStatus::unavailable);
  EXPECT_NE(first->actual.find("replica unavailable: (n1,s1):"), std::string::npos)
      << first->actual;
  EXPECT_NE(first->actual.find("to r2:/System/{NodeLiveness-NodeLivenessMax}"), std::string::npos)
      << first->actual;
  EXPECT_NE(first->actual.find("lost quorum (down: (n"), std::string::npos) << first->actual;
  cluster.run(10);
  EXPECT_GT(value(cluster, 1, "kv.replica_circuit_breaker.num_tripped_replicas"), 0);
  const Time begin = cluster.now();
  ASSERT_TRUE(ask_failing_fast(cluster, KvOp::read, 5));
  EXPECT_LT(cluster.now() - begin, kSecond);
  cluster.start(2);
  const double healed = cluster.run_until(60, [&] {
    const auto reply = ask_failing_fast(cluster, KvOp::read, 2);
    return reply && reply->status == KvStatus::done;
  });
  EXPECT_GE(healed, 0);
}

TEST_F(Breaker, IsOffInTheRecordedRelease) {
  SmallCluster cluster(3);
  cluster.run(30);
  cluster.kill(2);
  cluster.kill(3);
  EXPECT_FALSE(ask_failing_fast(cluster, KvOp::read, 150)) << "hangs for ever";
}

TEST(Users, AreKnownForOneToFiveMinutesWithoutQuorum) {
  SmallCluster cluster(3);
  cluster.run(30);
  cluster.node(1).know_users();
  cluster.run(310);
  EXPECT_TRUE(cluster.node(1).users_known()) << "renewed while there is quorum";
  cluster.kill(2);
  cluster.kill(3);
  cluster.run(55);
  EXPECT_TRUE(cluster.node(1).users_known());
  cluster.run(250);
  EXPECT_FALSE(cluster.node(1).users_known());
}

// It trips after a minute, and not in the instant in which a node that has proposed nothing
// yet takes the lease.
TEST(Profiles, ALeaseThatIsBeingTakenForTheFirstTimeTripsNoBreaker) {
  SmallCluster cluster(3, 77, Release::v22_2);
  cluster.run(20);
  int asked = 0;
  for (RangeNumber range = kTimeSeriesRange; range < kFirstUserRange; ++range) {
    for (const int to : {1, 2, 3}) {
      KvRequest transfer;
      transfer.range = range;
      transfer.op = KvOp::transfer;
      transfer.target = to;
      (void)cluster.node(1).call(transfer, {}, 0);
      cluster.run(0.06);
      const auto reply = cluster.read(to, range, "");
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->status, KvStatus::done) << reply->actual;
      ++asked;
    }
  }
  EXPECT_GT(asked, 100);
}

}  // namespace
}  // namespace faultline::sim::cluster
