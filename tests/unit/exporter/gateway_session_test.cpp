#include "exporter/sources/gateway_session.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <thread>

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

/// Nodes at the end of a long way: a connection takes so long of the time that an attempt gives,
/// or is cut off by it. Nothing is waited for, unless `waits`.
struct FarNet {
  milliseconds needed{700};
  bool waits = false;
  std::vector<std::string> asked;

  struct FarSession final : sql::Session {
    FarSession(FarNet& net, std::string to) : net_(net), to_(std::move(to)) {}
    Result<sql::Rows> query(const std::string&, Deadline deadline) override {
      const auto given = deadline - std::chrono::steady_clock::now();
      net_.asked.push_back(to_);
      if (generation_ == 0 && given < net_.needed) {
        if (net_.waits) std::this_thread::sleep_until(deadline);
        return Error{ErrorCode::timeout, "too late"};
      }
      generation_ = 1;
      return sql::Rows{{to_}};
    }
    std::int64_t generation() const override { return generation_; }
    FarNet& net_;
    std::string to_;
    std::int64_t generation_ = 0;
  };

  sql::SessionFactory factory() {
    return [this](const std::string& address) -> std::unique_ptr<sql::Session> {
      return std::make_unique<FarSession>(*this, address);
    };
  }
};

struct FarGateway : testing::Test {
  FarNet net;
  Roster roster{{"a:1", "b:1"}, {}};
  GatewaySession session{"gossip", roster, net.factory(), milliseconds{500}, true};

  Result<sql::Rows> ask() {
    return session.query("SELECT 1", std::chrono::steady_clock::now() + milliseconds{1900});
  }
};

TEST_F(FarGateway, AConnectionThatAnAttemptCutsOffIsGivenMoreTimeByTheNext) {
  EXPECT_FALSE(ask()) << "the first attempt at a node costs no more than it did";
  EXPECT_TRUE(ask());
  EXPECT_THAT(net.asked, ElementsAre("a:1", "b:1", "a:1"));
}

TEST_F(FarGateway, EachHasItsTurnWhereOneAttemptTakesAWholeRead) {
  net.needed = std::chrono::hours{1};
  net.waits = true;
  GatewaySession hasty{"witness", roster, net.factory(), milliseconds{3}, true};
  for (int read = 0; read < 6; ++read) {
    EXPECT_FALSE(hasty.query("SELECT 1", std::chrono::steady_clock::now() + milliseconds{10}));
  }
  const auto a = std::count(net.asked.begin(), net.asked.end(), "a:1");
  EXPECT_LE(std::abs(2 * a - static_cast<std::ptrdiff_t>(net.asked.size())), 1);
}

TEST_F(FarGateway, ANodeKnownToBeSilentIsGivenNoMoreTime) {
  roster.set({{NodeId{1}, "a:1", {}, Answering::silent}});
  for (int read = 0; read < 5; ++read) EXPECT_FALSE(ask());
  roster.set({{NodeId{1}, "a:1", {}, Answering::ready}});
  EXPECT_FALSE(ask());
  EXPECT_TRUE(ask());
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
