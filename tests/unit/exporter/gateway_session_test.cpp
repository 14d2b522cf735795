#include "exporter/sources/gateway_session.hpp"

#include <map>

#include <gmock/gmock.h>

namespace faultline::sources {
namespace {

using testing::ElementsAre;

/// What each address answers; records whom was asked.
struct FakeNet {
  std::map<std::string, Error> broken;
  std::vector<std::string> asked;
  int dialled = 0;

  struct FakeSession final : sql::Session {
    FakeSession(FakeNet& net, std::string to) : net_(net), to_(std::move(to)) {}
    Result<sql::Rows> query(const std::string&, Deadline) override {
      net_.asked.push_back(to_);
      if (const auto error = net_.broken.find(to_); error != net_.broken.end()) {
        return error->second;
      }
      return sql::Rows{{to_}};
    }
    std::int64_t generation() const override { return 1; }
    FakeNet& net_;
    std::string to_;
  };

  sql::SessionFactory factory() {
    return [this](const std::string& address) -> std::unique_ptr<sql::Session> {
      ++dialled;
      return std::make_unique<FakeSession>(*this, address);
    };
  }
};

struct Gateway : testing::Test {
  FakeNet net;
  Roster roster{{"a:1", "b:1", "c:1"}, {}};
  GatewaySession session{"gossip", roster, net.factory(), milliseconds{500}, true};

  Result<sql::Rows> ask() {
    return session.query("SELECT 1", std::chrono::steady_clock::now() + std::chrono::seconds{2});
  }
  std::vector<Member> members(Answering a, Answering b, Answering c) {
    return {{NodeId{1}, "a:1", {}, a}, {NodeId{2}, "b:1", {}, b}, {NodeId{3}, "c:1", {}, c}};
  }
};

TEST_F(Gateway, StaysWithTheOneThatAnswers) {
  ASSERT_TRUE(ask());
  ASSERT_TRUE(ask());
  EXPECT_THAT(net.asked, ElementsAre("a:1", "a:1"));
  EXPECT_EQ(net.dialled, 1);
  EXPECT_EQ(session.gateway(), "a:1");
}

TEST_F(Gateway, ASilentOneIsLeftForTheNextWithinOneRead) {
  net.broken["a:1"] = {ErrorCode::timeout, "silent"};
  ASSERT_TRUE(ask());
  ASSERT_TRUE(ask());
  EXPECT_THAT(net.asked, ElementsAre("a:1", "b:1", "b:1"));
  EXPECT_EQ(session.gateway(), "b:1");
}

TEST_F(Gateway, AllSilentIsAnErrorAndTheLastOneIsTriedLast) {
  for (const auto* address : {"a:1", "b:1", "c:1"}) {
    net.broken[address] = {ErrorCode::unavailable, "refused"};
  }
  EXPECT_FALSE(ask());
  EXPECT_THAT(net.asked, ElementsAre("a:1", "b:1", "c:1"));
  net.asked.clear();
  EXPECT_FALSE(ask());
  EXPECT_THAT(net.asked, ElementsAre("a:1", "b:1", "c:1"));
}

TEST_F(Gateway, AnErrorOfTheServerIsNotRepeatedElsewhereInTheSameRead) {
  net.broken["a:1"] = {ErrorCode::upstream, "57014: canceled"};
  EXPECT_FALSE(ask());
  EXPECT_THAT(net.asked, ElementsAre("a:1"));
  EXPECT_TRUE(ask()) << "the next read asks another";
  EXPECT_THAT(net.asked, ElementsAre("a:1", "b:1"));
}

TEST_F(Gateway, AGatewayKnownToBeSilentIsLeftBeforeItCostsAnAttempt) {
  ASSERT_TRUE(ask());
  roster.set(members(Answering::silent, Answering::answers, Answering::ready));
  ASSERT_TRUE(ask());
  EXPECT_THAT(net.asked, ElementsAre("a:1", "c:1"));
}

TEST_F(Gateway, ANodeThatIsNotReadyIsLeftForOneThatIs) {
  roster.set(members(Answering::ready, Answering::ready, Answering::ready));
  ASSERT_TRUE(ask());
  roster.set(members(Answering::answers, Answering::ready, Answering::ready));
  ASSERT_TRUE(ask());
  EXPECT_THAT(net.asked, ElementsAre("a:1", "b:1"));
}

TEST_F(Gateway, TwoWitnessesAreTwoNodes) {
  GatewaySession second{"witness", roster, net.factory(), milliseconds{500}, true};
  ASSERT_TRUE(ask());
  ASSERT_TRUE(second.query("SELECT 1", std::chrono::steady_clock::now() + std::chrono::seconds{2}));
  EXPECT_EQ(second.gateway(), "b:1");
  roster.set({{NodeId{1}, "a:1", {}, Answering::ready}});
  EXPECT_FALSE(second.query("SELECT 1", std::chrono::steady_clock::now() + std::chrono::seconds{2}))
      << "the only node is the first one's";
}

TEST_F(Gateway, ADeadlineInThePastAsksNobody) {
  EXPECT_FALSE(session.query("SELECT 1", std::chrono::steady_clock::now()));
  EXPECT_TRUE(net.asked.empty());
}

TEST_F(Gateway, QueryHereNeverChangesTheGateway) {
  EXPECT_FALSE(session.query_here("SELECT 1", Deadline::max()));
  ASSERT_TRUE(ask());
  const auto generation = session.generation();
  net.broken["a:1"] = {ErrorCode::upstream, "42501"};
  EXPECT_FALSE(session.query_here("SELECT 1", Deadline::max()));
  EXPECT_EQ(session.generation(), generation) << "a refused statement leaves the session";
  net.broken["a:1"] = {ErrorCode::timeout, "silent"};
  EXPECT_FALSE(session.query_here("SELECT 1", Deadline::max()));
  EXPECT_NE(session.generation(), generation);
  EXPECT_THAT(net.asked, ElementsAre("a:1", "a:1", "a:1"));
}

TEST(RosterTest, TellsWhetherAddressesChanged) {
  Roster roster{{"a:1"}, {"a:2"}};
  EXPECT_EQ(roster.members().size(), 2U);
  EXPECT_TRUE(roster.set({{NodeId{1}, "a:1", "a:2", Answering::unknown}}));
  EXPECT_FALSE(roster.set({{NodeId{1}, "a:1", "a:2", Answering::silent}}));
  EXPECT_TRUE(roster.set({{NodeId{1}, "a:1", "a:3", Answering::silent}}));
}

}  // namespace
}  // namespace faultline::sources
