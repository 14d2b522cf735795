#include <algorithm>
#include <memory>

#include <gmock/gmock.h>

#include "exporter/sources/node_metrics.hpp"
#include "tests/unit/exporter/canned_server.hpp"
#include "tests/unit/exporter/fake_sources.hpp"
#include "tests/unit/exporter/silent_listener.hpp"
#include "tests/unit/exporter/stepped_clock.hpp"

namespace faultline::sources {
namespace {

using test::CannedServer;
using test::kPage;
using test::soon;

struct ManyNodes : test::HttpSources {};

/// Servers of the same page, one node each as far as anybody can tell; the silent one sorts
/// before all of them.
struct ManyPages {
  explicit ManyPages(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      servers.push_back(std::make_unique<CannedServer>(std::vector{CannedServer::ok(kPage)}));
      const auto& address = servers.back()->address();
      members.push_back({NodeId{static_cast<int>(i) + 1},
                         {},
                         "localhost" + address.substr(address.rfind(':')),
                         Answering::ready});
    }
  }
  std::vector<std::unique_ptr<CannedServer>> servers;
  std::vector<Member> members;
};

std::size_t good_ones(const Result<MetricsPart>& part) {
  if (!part) return 0;
  return static_cast<std::size_t>(
      std::count_if(part->pages.begin(), part->pages.end(),
                    [](const NodeMetrics& page) { return page.vars.has_value(); }));
}

TEST_F(ManyNodes, OneSilentNodeOfMoreThanSixteenHidesNoPageOfAnother) {
  const ManyPages pages{20};
  const test::SilentListener silent;
  Roster roster{{}, {}};
  auto members = pages.members;
  members.push_back({NodeId{99}, {}, silent.address(), Answering::ready});
  roster.set(members);
  MetricsSource source{roster, nodes, database.factory(), clock};
  EXPECT_EQ(good_ones(source.read(soon())), 20U);
}

TEST_F(ManyNodes, NodesKnownToBeSilentAreAskedLastAndForAMomentOnly) {
  const ManyPages pages{3};
  const test::SilentListener silent;
  Roster roster{{}, {}};
  std::vector<Member> members;
  // Over SQL is what comes after the pages: of a node whose port is not to be known.
  members.push_back({NodeId{2}, "n2:26257", {}, Answering::answers});
  members.push_back({NodeId{99}, {}, silent.address(), Answering::silent});
  members.insert(members.end(), pages.members.begin(), pages.members.end());
  roster.set(members);
  database.tables = {
      {MetricsSource::kRuntimeStatement,
       {{"2", "UI", "Scheme", "https"}, {"2", "UI", "Port", "1"}}},
      {MetricsSource::kGaugesStatement, {{std::nullopt, "liveness.livenodes", "3"}}}};
  MetricsSource source{roster, nodes, database.factory(), clock};
  const auto part = source.read(soon());
  EXPECT_EQ(good_ones(part), 4U) << "three pages, and one over SQL after the silent";
}

TEST_F(ManyNodes, WhoIsAtAnAddressIsAskedAgainWhenItsPageOrTheRosterSaysAnother) {
  CannedServer page{{CannedServer::ok(kPage)}};  // Of node 2.
  const auto port = page.address().substr(page.address().rfind(':') + 1);
  const auto told = [&](const std::string& id) {
    return sql::Rows{{id, "UI", "Host", "127.0.0.1"}, {id, "UI", "Port", port}};
  };
  database.tables = {{MetricsSource::kRuntimeStatement, told("1")}};
  test::SteppedClock stepped;
  Roster roster{{"a:1"}, {}};
  MetricsSource source{roster, nodes, database.factory(), stepped};
  const auto first = source.read(soon());
  ASSERT_TRUE(first);
  EXPECT_THAT(first->identities, testing::IsEmpty()) << "its page says that it is not so";
  database.tables = {{MetricsSource::kRuntimeStatement, told("2")}};
  stepped.advance(milliseconds{30'000});
  const auto second = source.read(soon());
  ASSERT_TRUE(second);
  EXPECT_EQ(second->identities.at(0).id, NodeId{2});
  EXPECT_EQ(second->identities.at(0).told_at, stepped.wall());
  roster.set({{NodeId{3}, "a:1", {}, Answering::ready}});
  database.tables = {{MetricsSource::kRuntimeStatement, told("3")}};
  stepped.advance(milliseconds{30'000});
  static_cast<void>(source.read(soon()));
  EXPECT_EQ(database.asked.size(), 3U);
}

TEST_F(ManyNodes, GaugesOverSqlAreOfTheNodeAtTheOtherEndOfTheConnection) {
  const auto told = [](const std::string& id) {
    return sql::Rows{{id, "UI", "Scheme", "https"}, {id, "UI", "Port", "1"}};
  };
  database.tables = {
      {MetricsSource::kRuntimeStatement, told("3")},
      {MetricsSource::kGaugesStatement, {{std::nullopt, "liveness.livenodes", "3"}}}};
  Roster roster{{"a:1"}, {}};
  roster.set({{NodeId{3}, "a:1", {}, Answering::ready}});
  MetricsSource source{roster, nodes, database.factory(), clock};
  const auto first = source.read(soon());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->pages.at(0).vars->node_id, NodeId{3});
  const auto asked = database.asked.size();
  ASSERT_TRUE(source.read(soon()));
  EXPECT_EQ(database.asked.size(), asked + 1) << "once per connection";
  database.tables[MetricsSource::kRuntimeStatement] = told("4");
  database.generation = 2;  // The host was started again, with an empty store.
  const auto after = source.read(soon());
  ASSERT_TRUE(after);
  EXPECT_EQ(after->pages.at(0).vars->node_id, NodeId{4});
  EXPECT_EQ(after->identities.at(0).id, NodeId{4}) << "so that the directory learns it";
}

/// Lets in only who has time enough, and waits for nothing.
struct FarSession final : sql::Session {
  Result<sql::Rows> query(const std::string& statement, Deadline deadline) override {
    const auto given = deadline - std::chrono::steady_clock::now();
    if (generation_ == 0 && given < std::chrono::seconds{1}) {
      return Error{ErrorCode::timeout, "too late"};
    }
    generation_ = 1;
    if (statement == MetricsSource::kRuntimeStatement) {
      return sql::Rows{{"2", "UI", "Scheme", "https"}, {"2", "UI", "Port", "1"}};
    }
    return sql::Rows{{std::nullopt, "liveness.livenodes", "3"}};
  }
  std::int64_t generation() const override { return generation_; }
  std::int64_t generation_ = 0;
};

TEST_F(ManyNodes, ALoginThatTakesLongIsGivenWhatIsLeftOfTheRead) {
  Roster roster{{"a:1"}, {}};
  roster.set({{NodeId{2}, "a:1", {}, Answering::ready}});
  MetricsSource source{roster, nodes,
                       [](const std::string&) { return std::make_unique<FarSession>(); }, clock};
  EXPECT_FALSE(source.read(soon())) << "who has never answered takes no more than before";
  const auto second = source.read(soon());
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->identities.at(0).id, NodeId{2});
  EXPECT_FALSE(source.read(soon())) << "for its gauges it is another connection, cut off once";
  const auto fourth = source.read(soon());
  ASSERT_TRUE(fourth) << fourth.error().message;
  EXPECT_EQ(fourth->pages.at(0).vars->live_nodes, 3);
}

}  // namespace
}  // namespace faultline::sources
