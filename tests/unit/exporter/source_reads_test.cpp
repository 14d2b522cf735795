#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

#include "exporter/sources/containers.hpp"
#include "exporter/sources/gossip.hpp"
#include "exporter/sources/node_metrics.hpp"
#include "exporter/sources/placement.hpp"
#include "tests/unit/common/tls_peer.hpp"
#include "tests/unit/exporter/canned_server.hpp"
#include "tests/unit/exporter/fake_sources.hpp"

namespace faultline::sources {
namespace {

using test::CannedServer;
using test::FakeDatabase;
using test::HttpSources;
using test::kPage;
using test::soon;
using testing::HasSubstr;

struct SqlSources : testing::Test {
  FakeDatabase database;
  Roster roster{{"a:1"}, {}};
  GatewaySession session{"gossip", roster, database.factory(), milliseconds{500}, true};
  sql::Rows gossip_rows{{"1", "1", "1795423340.5,0", "f", "active", "1795423334.1", "t", "a:1",
                         "a:1", "", "v22", std::nullopt, "65", "17"}};
  sql::Rows identity_rows{{"1", "ClusterID", "abc"}, {"1", "Build", "CockroachDB"}};
};

TEST_F(SqlSources, GossipAsksWhoTheNodeIsOncePerConnection) {
  database.tables = {{GossipSource::kStatement, gossip_rows},
                     {GossipSource::kIdentityStatement, identity_rows}};
  GossipSource source{session};
  ASSERT_TRUE(source.read(soon()));
  const auto view = source.read(soon());
  ASSERT_TRUE(view);
  EXPECT_EQ(view->witness, NodeId{1});
  EXPECT_EQ(view->gateway, "a:1");
  EXPECT_EQ(view->database_now, from_ms(1795423334100));
  EXPECT_EQ(database.asked.size(), 3U);
  database.generation = 2;
  ASSERT_TRUE(source.read(soon()));
  EXPECT_EQ(database.asked.size(), 5U) << "another connection may be another node";
}

TEST_F(SqlSources, GossipFailsWithWhatTheServerSaid) {
  GossipSource source{session};
  EXPECT_EQ(source.read(soon()).error().message, "42501: no");
  database.tables = {{GossipSource::kStatement, gossip_rows}};
  EXPECT_EQ(source.read(soon()).error().message, "42501: no") << "the identity";
  database.tables[GossipSource::kIdentityStatement] = {};
  EXPECT_FALSE(source.read(soon()));
}

TEST_F(SqlSources, PlacementDoesWithoutStoresAndSetting) {
  database.tables = {{PlacementSource::kStatement, {{"1", "1,2,3"}}}};
  PlacementSource source{session};
  const auto part = source.read(soon());
  ASSERT_TRUE(part);
  EXPECT_TRUE(part->stores.empty());
  EXPECT_EQ(part->time_until_store_dead, std::nullopt);
  database.tables[PlacementSource::kStoresStatement] = {{"7", "1"}};
  database.tables[PlacementSource::kSettingStatement] = {{"1m15s"}};
  const auto more = source.read(soon());
  ASSERT_TRUE(more);
  EXPECT_EQ(more->stores.at(StoreId{1}), NodeId{7});
  EXPECT_EQ(more->time_until_store_dead, milliseconds{75'000});
  database.tables.erase(PlacementSource::kStatement);
  EXPECT_FALSE(source.read(soon()));
}

/// A new server that has closed crdb_internal to us.
struct ClosedSession final : sql::Session {
  Result<sql::Rows> query(const std::string& statement, Deadline) override {
    if (statement.find("SHOW CLUSTER RANGES") != std::string::npos) {
      return sql::Rows{{"7", "1,2,3", "/Table/3"}};
    }
    return Error{ErrorCode::forbidden, "closed"};
  }
  std::int64_t generation() const override { return 1; }
  std::string server_version() const override { return version; }
  std::string version;
};

TEST(Placement, WhereCrdbInternalIsClosedTheSupportedStatementIsAsked) {
  Roster roster{{"a:1"}, {}};
  std::string version = "CockroachDB CCL v26.1.0 (linux)";
  GatewaySession session{"placement", roster,
                         [&](const std::string&) {
                           auto closed = std::make_unique<ClosedSession>();
                           closed->version = version;
                           return closed;
                         },
                         milliseconds{500}, false};
  PlacementSource source{session};
  const auto part = source.read(soon());
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ(part->ranges, 1);
  version = "CockroachDB CCL v22.2.9 (linux)";
  GatewaySession old{"placement", roster,
                     [&](const std::string&) {
                       auto closed = std::make_unique<ClosedSession>();
                       closed->version = version;
                       return closed;
                     },
                     milliseconds{500}, false};
  PlacementSource old_source{old};
  EXPECT_EQ(old_source.read(soon()).error().message, "closed");
}

TEST_F(HttpSources, MetricsTellsGoodPagesAndWhyTheOthersAreMissing) {
  CannedServer good{{CannedServer::ok(kPage)}};
  CannedServer early{{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}};
  Roster roster{{}, {good.address(), early.address()}};
  MetricsSource source{roster, nodes, database.factory(), clock};
  const auto part = source.read(soon());
  ASSERT_TRUE(part);
  ASSERT_EQ(part->pages.size(), 2U);
  for (const auto& page : part->pages) {
    EXPECT_EQ(page.vars.has_value(), page.http == good.address());
    EXPECT_EQ(page.error.empty(), page.vars.has_value());
  }
}

TEST_F(HttpSources, MetricsWithoutAnyPageIsAnError) {
  Roster nobody{{}, {}};
  MetricsSource nothing{nobody, nodes, database.factory(), clock};
  EXPECT_THAT(nothing.read(soon()).error().message, HasSubstr("no node's HTTP address"));
  CannedServer odd{{CannedServer::ok("<html>")}};
  Roster roster{{}, {odd.address()}};
  MetricsSource source{roster, nodes, database.factory(), clock};
  EXPECT_THAT(source.read(soon()).error().message, HasSubstr("node_id"));
}

TEST_F(HttpSources, ANodeWithoutAKnownPageIsAskedForItOverSql) {
  CannedServer good{{CannedServer::ok(kPage)}};
  const auto port = good.address().substr(good.address().rfind(':') + 1);
  database.tables = {
      {MetricsSource::kRuntimeStatement, {{"2", "UI", "Host", ""}, {"2", "UI", "Port", port}}}};
  Roster roster{{"127.0.0.1:26258"}, {}};
  MetricsSource source{roster, nodes, database.factory(), clock};
  const auto part = source.read(soon());
  ASSERT_TRUE(part);
  EXPECT_EQ(part->identities.at(0).id, NodeId{2});
  EXPECT_EQ(part->identities.at(0).http, good.address());
  EXPECT_TRUE(part->pages.at(0).vars.has_value());
  ASSERT_TRUE(source.read(soon()));
  EXPECT_EQ(database.asked.size(), 1U) << "known is known";
}

TEST_F(HttpSources, ASecureNodeGivesItsGaugesOverSql) {
  database.tables = {
      {MetricsSource::kRuntimeStatement,
       {{"2", "UI", "Scheme", "https"}, {"2", "UI", "Host", "n2"}, {"2", "UI", "Port", "8080"}}},
      {MetricsSource::kGaugesStatement,
       {{std::nullopt, "liveness.livenodes", "3.0"},
        {"4", "ranges", "20"},
        {"5", "ranges", "22"},
        {"4", "ranges.unavailable", "0"},
        {std::nullopt, "rpc.heartbeats.nominal", "5"}}}};
  Roster roster{{"n2:26257"}, {}};
  MetricsSource source{roster, nodes, database.factory(), clock};
  const auto part = source.read(soon());
  ASSERT_TRUE(part);
  ASSERT_EQ(part->pages.size(), 1U);
  ASSERT_TRUE(part->pages[0].vars) << part->pages[0].error;
  EXPECT_EQ(part->pages[0].http, "");
  const auto& vars = *part->pages[0].vars;
  EXPECT_EQ(vars.node_id, NodeId{2});
  EXPECT_EQ(vars.live_nodes, 3);
  EXPECT_EQ(vars.ranges, 42) << "of both stores";
  EXPECT_EQ(vars.ranges_unavailable, 0);
  EXPECT_EQ(vars.connections_good, 5);
  EXPECT_THAT(vars.stores, testing::ElementsAre(StoreId{4}, StoreId{5}));
}

TEST_F(HttpSources, APageThatSendsUsToHttpsIsReadOverSqlInstead) {
  CannedServer secure{{"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n\r\n"}};
  database.tables = {
      {MetricsSource::kRuntimeStatement,
       {{"2", "UI", "Host", "127.0.0.1"},
        {"2", "UI", "Port", secure.address().substr(secure.address().find(':') + 1)}}},
      {MetricsSource::kGaugesStatement, {{std::nullopt, "liveness.livenodes", "3"}}}};
  Roster roster{{"n2:26257"}, {}};
  roster.set({{NodeId{2}, "n2:26257", {}, Answering::ready}});
  MetricsSource source{roster, nodes, database.factory(), clock};
  const auto part = source.read(soon());
  ASSERT_TRUE(part) << part.error().message;
  ASSERT_EQ(part->pages.size(), 1U);
  EXPECT_TRUE(part->pages[0].vars) << part->pages[0].error;
  ASSERT_TRUE(source.read(soon()));
  EXPECT_EQ(secure.requests().size(), 1U) << "it is not asked again";
}

/// A secure cluster whose certificates we hold, and one that turns out to be a stranger's.
struct SecureSources : HttpSources {
  ~SecureSources() override { std::filesystem::remove_all(folder); }

  /// What the node at `address` says of itself over SQL.
  void tell(const std::string& scheme, const std::string& address) {
    const auto colon = address.rfind(':');
    database.tables = {
        {MetricsSource::kRuntimeStatement,
         {{"2", "UI", "Scheme", scheme},
          {"2", "UI", "Host", address.substr(0, colon)},
          {"2", "UI", "Port", address.substr(colon + 1)}}},
        {MetricsSource::kGaugesStatement, {{std::nullopt, "liveness.livenodes", "3"}}}};
  }
  Result<MetricsPart> read_once() {
    return MetricsSource{roster, over_tls, database.factory(), clock}.read(soon());
  }

  static std::filesystem::path make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "certs-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }

  std::filesystem::path folder = make_folder();
  test::Identity ca;
  test::Identity node{"DNS:localhost", &ca};
  NodeHttp over_tls{http, folder, clock};
  Roster roster{{"n2:26257"}, {}};
};

TEST_F(SecureSources, ASecureNodesPageIsReadOverHttps) {
  static_cast<void>(ca.write(folder));
  const test::TlsPeer peer{node, CannedServer::ok(kPage)};
  tell("https", peer.at("localhost"));
  const auto part = read_once();
  ASSERT_TRUE(part) << part.error().message;
  ASSERT_EQ(part->pages.size(), 1U);
  EXPECT_EQ(part->pages[0].http, peer.at("localhost"));
  EXPECT_TRUE(part->pages[0].vars) << part->pages[0].error;
  EXPECT_TRUE(over_tls.over_tls(peer.at("localhost")));
}

TEST_F(SecureSources, APageOfAStrangerIsNotReadAndTheGaugesComeOverSql) {
  static_cast<void>(test::Identity{}.write(folder));
  const test::TlsPeer peer{node, CannedServer::ok(kPage)};
  tell("https", peer.at("localhost"));
  MetricsSource source{roster, over_tls, database.factory(), clock};
  const auto part = source.read(soon());
  ASSERT_TRUE(part) << part.error().message;
  ASSERT_EQ(part->pages.size(), 1U);
  EXPECT_EQ(part->pages[0].http, "") << "over SQL";
  EXPECT_TRUE(part->pages[0].vars);
  database.tables.erase(MetricsSource::kGaugesStatement);
  const auto error = source.read(soon()).error().message;
  EXPECT_THAT(error, HasSubstr("42501"));
  EXPECT_THAT(error, HasSubstr("certificate problem")) << "both reasons are told";
}

TEST_F(SecureSources, WithoutACaNothingIsBelievedAndTheReasonIsTold) {
  const test::TlsPeer peer{node, CannedServer::ok(kPage)};
  tell("https", peer.at("localhost"));
  const auto part = read_once();
  ASSERT_TRUE(part);
  EXPECT_EQ(part->pages.at(0).http, "");
  const auto answers = over_tls.get_all({peer.at("localhost")}, "/health", 1024, soon());
  EXPECT_THAT(answers.at(0).error().message, HasSubstr("ca.crt"));
}

TEST_F(SecureSources, ACaOfThePagesAloneIsTheOneThatIsBelieved) {
  static_cast<void>(ca.write(folder));
  std::filesystem::rename(folder / "ca.crt", folder / "ca-ui.crt");
  static_cast<void>(test::Identity{}.write(folder));
  const test::TlsPeer peer{node, CannedServer::ok("{}")};
  const auto answers = over_tls.get_all({peer.at("localhost")}, "/health", 1024, soon());
  EXPECT_TRUE(answers.at(0)) << answers.at(0).error().message;
}

TEST_F(SecureSources, InClearOnlyWhereTheNodeItselfSaidSoUntilItSendsUsToHttps) {
  static_cast<void>(ca.write(folder));
  CannedServer clear{{CannedServer::ok(kPage), "HTTP/1.1 307 x\r\nContent-Length: 0\r\n\r\n"}};
  tell("http", clear.address());
  MetricsSource source{roster, over_tls, database.factory(), clock};
  const auto part = source.read(soon());
  ASSERT_TRUE(part);
  EXPECT_TRUE(part->pages.at(0).vars);
  EXPECT_FALSE(over_tls.over_tls(clear.address()));
  ASSERT_TRUE(source.read(soon()));
  EXPECT_TRUE(over_tls.over_tls(clear.address()));
}

TEST_F(HttpSources, GaugesThatAreRefusedOrOddAreSaidAndNeverZero) {
  database.tables = {{MetricsSource::kRuntimeStatement,
                      {{"2", "UI", "Scheme", "https"}, {"2", "UI", "Port", "1"}}}};
  Roster roster{{"n2:26257"}, {}};
  MetricsSource source{roster, nodes, database.factory(), clock};
  const auto first = source.read(soon());
  ASSERT_TRUE(first) << "who is where is told all the same";
  EXPECT_THAT(first->pages.at(0).error, HasSubstr("n2:26257: 42501"));
  EXPECT_THAT(source.read(soon()).error().message, HasSubstr("n2:26257: 42501"));
  database.tables[MetricsSource::kGaugesStatement] = {{"1", "ranges", "0"}};
  EXPECT_THAT(source.read(soon()).error().message, HasSubstr("liveness.livenodes"));
  database.tables[MetricsSource::kGaugesStatement] = {{std::nullopt, "liveness.livenodes", "NaN"}};
  EXPECT_FALSE(source.read(soon()));
}

TEST_F(HttpSources, WhereNobodyMayTellTheMetricsSayWhoRefused) {
  Roster roster{{"n2:26257"}, {}};
  MetricsSource source{roster, nodes, database.factory(), clock};
  EXPECT_THAT(source.read(soon()).error().message, HasSubstr("42501: no"));
}

const std::string kView =
    R"({"boot":"c-1","seq":5,"gap":false,"events":[],"targets":[],"faults":[]})";

TEST_F(HttpSources, ContainersAsksForWhatIsAndThenWaitsForNews) {
  CannedServer chaosd{{CannedServer::ok(kView)}};
  ContainersSource source{chaosd.address(), Secret{"secret"}, http};
  ASSERT_TRUE(source.read(soon()));
  ASSERT_TRUE(source.read(soon()));
  const auto requests = chaosd.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[0], HasSubstr("GET /api/chaos/v1/events?wait_ms=0 "));
  EXPECT_THAT(requests[0], HasSubstr("Authorization: Bearer secret"));
  EXPECT_THAT(requests[1], HasSubstr("events?after=5&boot=c-1&wait_ms=2500 "));
}

TEST_F(HttpSources, ContainersSaysWhatIsWrongWithChaosd) {
  CannedServer chaosd{{"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
                       "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", CannedServer::ok("{"),
                       CannedServer::ok("{\"boot\":1}"), CannedServer::ok(kView)}};
  ContainersSource source{chaosd.address(), Secret{}, http};
  EXPECT_THAT(source.read(soon()).error().message, HasSubstr("--chaosd.token-file"));
  EXPECT_THAT(source.read(soon()).error().message, HasSubstr("500"));
  EXPECT_THAT(source.read(soon()).error().message, HasSubstr("chaosd: "));
  EXPECT_THAT(source.read(soon()).error().message, HasSubstr("boot"));
  EXPECT_TRUE(source.read(soon()));
}

}  // namespace
}  // namespace faultline::sources
