// What a node tells its peers of what it has heard, and after whose return it says it again.
#include <gtest/gtest.h>

#include "simulator/cluster/gossip.hpp"

namespace faultline::sim::cluster {
namespace {

constexpr Time kNow = 1000 * kSecond;

TEST(Gossip, NothingIsSentBackToWhoSaidIt) {
  Gossip gossip;
  gossip.merge({{"table/104", "t", kNow, 0}}, "n3:26257");

  EXPECT_TRUE(gossip.news_for("n3:26257", kNow).empty());
  EXPECT_EQ(gossip.news_for("n2:26257", kNow).size(), 1U);
  EXPECT_TRUE(gossip.news_for("n2:26257", kNow).empty());
}

TEST(Gossip, APeerThatConnectsAgainIsToldEverythingEvenWhatItOnceSaid) {
  Gossip gossip;
  gossip.merge({{"table/104", "t", kNow, 0}}, "n3:26257");
  gossip.add("setting/a", "b", kNow);
  EXPECT_EQ(gossip.news_for("n3:26257", kNow).size(), 1U);

  gossip.forget_peer("n3:26257");

  EXPECT_EQ(gossip.news_for("n3:26257", kNow).size(), 2U);
}

}  // namespace
}  // namespace faultline::sim::cluster
