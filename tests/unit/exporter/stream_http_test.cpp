#include <gtest/gtest.h>

#include <zlib.h>
#include <nlohmann/json.hpp>

#include "exporter/stream/gzip.hpp"
#include "exporter/stream/impact_page.hpp"
#include "exporter/stream/query.hpp"
#include "exporter/stream/routes.hpp"
#include "exporter/stream/ws_upgrade.hpp"
#include "tests/unit/exporter/stream_samples.hpp"

namespace faultline::stream {
namespace {

std::string inflated(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  std::string out(1U << 20U, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Origin, WhoSendsNoneIsNoBrowserAndMayConnect) {
  EXPECT_TRUE(origin_allowed(std::nullopt, "localhost:8088", {}));
}

TEST(Origin, AllowedWhenItsHostIsTheOneAskedFor) {
  EXPECT_TRUE(origin_allowed("http://localhost:8088", "localhost:8088", {}));
  EXPECT_TRUE(origin_allowed("https://Example.com", "example.com", {}));
  EXPECT_TRUE(origin_allowed("http://example.com", "example.com:80", {}));
  EXPECT_TRUE(origin_allowed("https://[::1]:8088", "[::1]:8088", {}));
  EXPECT_TRUE(origin_allowed("http://[::1]", "[::1]", {}));
}

TEST(Origin, RefusedWhenAnythingOfItDiffers) {
  EXPECT_FALSE(origin_allowed("http://localhost:8089", "localhost:8088", {}));
  EXPECT_FALSE(origin_allowed("http://evil.example", "localhost:8088", {}));
  EXPECT_FALSE(origin_allowed("http://localhost:8088.evil.example", "localhost:8088", {}));
  EXPECT_FALSE(origin_allowed("https://example.com", "example.com:80", {}));
  EXPECT_FALSE(origin_allowed("null", "localhost:8088", {}));
  EXPECT_FALSE(origin_allowed("", "", {}));
  EXPECT_FALSE(origin_allowed("http://", "", {}));
}

TEST(Origin, AllowedWhenItIsOnTheList) {
  const std::vector<std::string> allowed{"https://faultline.example"};
  EXPECT_TRUE(origin_allowed("https://faultline.example", "localhost:8088", allowed));
  EXPECT_FALSE(origin_allowed("http://faultline.example", "localhost:8088", allowed));
}

UpgradeRequest good_upgrade() {
  return {.host = "localhost:8095",
          .origin = std::nullopt,
          .key = "dGhlIHNhbXBsZSBub25jZQ==",
          .version = "13",
          .subprotocols = {}};
}

TEST(Upgrade, TheSubprotocolDecidesWhatIsSent) {
  UpgradeRequest request = good_upgrade();
  EXPECT_EQ(judge_upgrade(request, {}).value(), Protocol::bare);
  request.subprotocols = "graphql-ws ,\tfaultline.v1";
  EXPECT_EQ(judge_upgrade(request, {}).value(), Protocol::faultline_v1);
}

TEST(Upgrade, EachThingThatIsWrongIsNamed) {
  UpgradeRequest request = good_upgrade();
  request.subprotocols = "faultline.v2";
  EXPECT_EQ(judge_upgrade(request, {}).error().field, "Sec-WebSocket-Protocol");
  request = good_upgrade();
  request.key = "short";
  EXPECT_EQ(judge_upgrade(request, {}).error().field, "Sec-WebSocket-Key");
  request = good_upgrade();
  request.version = "8";
  EXPECT_EQ(judge_upgrade(request, {}).error().code, ErrorCode::unsupported);
  request = good_upgrade();
  request.origin = "http://evil.example";
  EXPECT_EQ(judge_upgrade(request, {}).error().code, ErrorCode::forbidden);
}

TEST(Upgrade, TheAnswerToTheSampleKeyOfTheStandardIsTheStandardsAnswer) {
  const std::string answer =
      switching_protocols("dGhlIHNhbXBsZSBub25jZQ==", Protocol::faultline_v1);
  EXPECT_NE(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            std::string::npos);
  EXPECT_NE(answer.find("Sec-WebSocket-Protocol: faultline.v1\r\n"), std::string::npos);
}

TEST(Gzip, IsAcceptedWhenNamedOrCoveredAndNotRefused) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(accepts_gzip("*"));
  EXPECT_FALSE(accepts_gzip(""));
  EXPECT_FALSE(accepts_gzip("identity"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("*, gzip;q=0.000"));
  EXPECT_FALSE(accepts_gzip("xgzip"));
}

/// The routes with a board of their own and metrics that are a long text.
class RoutesTest : public testing::Test {
 protected:
  RoutesTest() { options_.boot = "b-test"; }

  Reply get(std::string_view path, std::string_view accept_encoding = {}) {
    return routes_.answer(
        {.method = "GET", .path = path, .accept_encoding = accept_encoding, .if_none_match = {}});
  }
  Reply timeline(std::string_view query) {
    return routes_.answer({.method = "GET",
                           .path = "/api/v1/timeline",
                           .accept_encoding = {},
                           .if_none_match = {},
                           .query = query});
  }

  StreamOptions options_;
  observe::SnapshotBoard board_;
  std::string metrics_ = std::string(4000, '#');
  Routes routes_{options_, board_,
                 [this](const StreamStats&, const Collect& collect) {
                   return collect.empty() ? metrics_ : "only " + collect.front();
                 },
                 [] { return StreamStats{}; }, make_logger("test")};
};

TEST_F(RoutesTest, MetricsAreCompressedOnlyForWhoAcceptsIt) {
  EXPECT_EQ(get("/metrics").body, metrics_);
  EXPECT_EQ(get("/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
  const Reply small = get("/metrics", "gzip");
  EXPECT_LT(small.body.size(), 100U);
  EXPECT_EQ(inflated(small.body), metrics_);
}

TEST_F(RoutesTest, StateIs503BeforeTheFirstSnapshotAndTheSnapshotAfterIt) {
  EXPECT_EQ(get("/api/v1/state").status, 503);
  EXPECT_EQ(get("/api/v1/state").content_type, "application/problem+json");
  board_.publish(share(sample_snapshot(1)), {});
  EXPECT_NE(get("/api/v1/state").body.find("\"seq\":1"), std::string::npos);
  board_.publish(share(sample_snapshot(2)), {});
  EXPECT_NE(get("/api/v1/state").body.find("\"seq\":2"), std::string::npos);
}

TEST_F(RoutesTest, AStateThatTheClientHasIsNotSentAgain) {
  board_.publish(share(sample_snapshot(1)), {});
  const Reply reply = routes_.answer({.method = "GET",
                                      .path = "/api/v1/state",
                                      .accept_encoding = {},
                                      .if_none_match = "W/\"b-test-1\""});
  EXPECT_EQ(reply.status, 304);
  EXPECT_EQ(reply.body, "");
}

TEST_F(RoutesTest, TheTimelineIsReadOnFromWhereOneWas) {
  EXPECT_EQ(get("/api/v1/timeline").body,
            R"({"boot":"b-test","events":[],"gap":false,"next":0,"oldest":null,"v":1})");
  board_.publish(share(sample_snapshot(1)), {sample_event(1), sample_event(2), sample_event(3)});
  const auto page = nlohmann::json::parse(timeline("since=1&limit=1").body);
  EXPECT_EQ(page.at("events").size(), 1U);
  EXPECT_EQ(page.at("events").at(0).at("id"), 2);
  EXPECT_EQ(page.at("next"), 2);
  EXPECT_EQ(page.at("oldest"), 1);
  EXPECT_EQ(nlohmann::json::parse(timeline("since=3").body).at("events").size(), 0U);
}

TEST_F(RoutesTest, AQueryThatCannotBeUsedIsA400ThatNamesTheField) {
  for (const std::string field : {"since", "limit"}) {
    for (const std::string value : {"", "=", "=x", "=-1", "=1.5", "=1e3", "=%31", "= 1", "=1 ",
                                    "=99999999999999999999", "=0x10"}) {
      const Reply reply = timeline(field + value);
      EXPECT_EQ(reply.status, 400) << field << value;
      EXPECT_NE(reply.body.find(field + " is "), std::string::npos) << reply.body;
    }
  }
  EXPECT_EQ(timeline("limit=0").status, 400);
  EXPECT_EQ(timeline("limit=1001").status, 400);
  EXPECT_NE(timeline("since=1&since=2").body.find("twice"), std::string::npos);
  EXPECT_EQ(timeline("other=x&since=0&limit=1000&").status, 200);
}

TEST_F(RoutesTest, ReadyOnlyOnceASourceWasRead) {
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/-/ready").status, 503);
  ClusterSnapshot unread = sample_snapshot(1);
  unread.sources[0].read_at.reset();
  board_.publish(share(unread), {});
  EXPECT_EQ(get("/-/ready").status, 503);
  EXPECT_NE(get("/-/ready").body.find("does not answer"), std::string::npos);
  board_.publish(share(sample_snapshot(2)), {});
  EXPECT_EQ(get("/-/ready").status, 200);
}

TEST_F(RoutesTest, ImpactAnswersAQuestionThatMakesSenseOnceThereIsAnAnswer) {
  const auto ask = [&](std::string_view query) {
    return routes_.answer({.method = "GET",
                           .path = "/api/v1/impact",
                           .accept_encoding = {},
                           .if_none_match = {},
                           .query = query});
  };
  EXPECT_EQ(ask("").status, 400) << "no reading will make it right";
  EXPECT_EQ(ask("nodes=1").status, 503);
  observe::ImpactBasis basis;
  basis.boot = "b-test";
  basis.anything_read = true;
  basis.nodes.push_back({NodeId{1}, true, true, 3});
  basis.nodes.push_back({NodeId{2}, true, true, 3});
  board_.set_basis(std::make_shared<const observe::ImpactBasis>(basis));
  const Reply reply = ask("nodes=1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_NE(reply.body.find("\"valid\":false"), std::string::npos);
  EXPECT_EQ(ask("nodes=2%2C1&fault=isolate").status, 400) << "nobody is left";
  EXPECT_EQ(ask("nodes=1&from=2").status, 200);
  const Reply unknown = ask("nodes=7");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.body.find("it has n1 and n2"), std::string::npos) << unknown.body;
}

TEST_F(RoutesTest, MetricsOfOneCollectorAloneIfThereIsSuchAOne) {
  const auto ask = [&](std::string_view query) {
    return routes_.answer({.method = "GET",
                           .path = "/metrics",
                           .accept_encoding = {},
                           .if_none_match = {},
                           .query = query});
  };
  board_.publish(share(sample_snapshot(1)), {});
  EXPECT_EQ(ask("collect[]=gossip").body, "only gossip");
  EXPECT_EQ(ask("collect%5B%5D=gossip").body, "only gossip");
  EXPECT_EQ(ask("other=1").body, metrics_);
  EXPECT_EQ(ask("collect[]=gosip").status, 400);
  EXPECT_NE(ask("collect[]=gosip").body.find("use gossip"), std::string::npos);
  EXPECT_EQ(ask("collect[]=%").status, 400);
}

TEST_F(RoutesTest, ReloadIsForPostAndForWhoAllowedIt) {
  int reloads = 0;
  Status result = kDone;
  Routes routes{options_,
                board_,
                [](const StreamStats&, const Collect&) { return std::string{}; },
                [] { return StreamStats{}; },
                make_logger("test"),
                [&] {
                  ++reloads;
                  return result;
                }};
  const auto ask = [&](std::string_view method) {
    return routes.answer(
        {.method = method, .path = "/-/reload", .accept_encoding = {}, .if_none_match = {}});
  };
  EXPECT_EQ(ask("GET").status, 405);
  EXPECT_EQ(ask("POST").status, 403);
  EXPECT_EQ(reloads, 0);
  options_.enable_lifecycle = true;
  EXPECT_EQ(ask("POST").status, 200);
  EXPECT_EQ(reloads, 1);
  result = Error{ErrorCode::invalid, "line 3 is not what it should be"};
  EXPECT_EQ(ask("POST").status, 500);
  EXPECT_NE(ask("POST").body.find("line 3"), std::string::npos);
}

TEST_F(RoutesTest, TargetsAreNoneRatherThanAnEmptyListWhileNobodyIsKnown) {
  EXPECT_EQ(get("/sd").status, 503);
  board_.publish(share(sample_snapshot(1, 0)), {});
  EXPECT_EQ(get("/sd").status, 503);
  board_.publish(share(sample_snapshot(2)), {});
  EXPECT_EQ(get("/sd").status, 200);
  EXPECT_EQ(get("/sd").content_type, "application/json");
}

TEST(ImpactQuestion, EachThingThatIsWrongIsNamed) {
  const auto field = [](std::string_view query) {
    return read_impact_question(query).error().field;
  };
  for (const char* query :
       {"", "nodes", "nodes=", "nodes=a", "nodes=1,", "nodes=,1", "nodes=0", "nodes=-1",
        "nodes=1.5", "nodes=1 2", "nodes=1&nodes=2", "nodes=99999999999999999999", "from=1"}) {
    EXPECT_EQ(field(query), "nodes") << query;
  }
  EXPECT_EQ(field("nodes=1&fault=explode"), "fault");
  EXPECT_EQ(field("nodes=1&fault="), "fault");
  EXPECT_EQ(field("nodes=1&from=x"), "from");
  EXPECT_EQ(field("nodes=1&from=2&fault=kill"), "from");
  EXPECT_EQ(read_impact_question("nodes=%zz").error().code, ErrorCode::invalid);
}

TEST(ImpactQuestion, IsReadWithItsDefaults) {
  const auto plain = read_impact_question("nodes=3,1,3").value();
  EXPECT_EQ(plain.nodes, (std::vector{NodeId{1}, NodeId{3}}));
  EXPECT_EQ(plain.fault, ImpactFault::kill);
  const auto cut = read_impact_question("from=2&nodes=1&other=9").value();
  EXPECT_EQ(cut.fault, ImpactFault::partition);
  EXPECT_EQ(cut.from, std::vector{NodeId{2}});
}

TEST(QueryText, IsDecodedInOrderAndRepeatedNamesStay) {
  const auto query = Query::parse("collect[]=a&collect%5B%5D=b+c&x=%41%2b&&empty&y=1=2").value();
  EXPECT_EQ(query.all("collect[]"), (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(query.one("x").value(), "A+");
  EXPECT_EQ(query.one("empty").value(), "");
  EXPECT_EQ(query.one("y").value(), "1=2");
  EXPECT_EQ(query.one("none").value(), std::nullopt);
  EXPECT_FALSE(query.one("collect[]"));
  EXPECT_FALSE(Query::parse("a=%4"));
  EXPECT_FALSE(Query::parse("a=%-1"));
}

TEST_F(RoutesTest, OtherMethodsAreToldWhatIsAllowedAndOtherPathsThatTheyAreNot) {
  const Reply reply = routes_.answer(
      {.method = "POST", .path = "/metrics", .accept_encoding = {}, .if_none_match = {}});
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.headers.back(), (std::pair<std::string, std::string>{"Allow", "GET, HEAD"}));
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(
      routes_.answer({.method = "POST", .path = "/x", .accept_encoding = {}, .if_none_match = {}})
          .status,
      404);
  EXPECT_EQ(get("/ws").status, 426);
}

TEST_F(RoutesTest, AnExceptionInOnePageIsA500WithoutItsWords) {
  Routes routes{
      options_, board_,
      [](const StreamStats&, const Collect&) -> std::string { throw std::runtime_error("secret"); },
      [] { return StreamStats{}; }, make_logger("test")};
  const Reply reply = routes.answer(
      {.method = "GET", .path = "/metrics", .accept_encoding = {}, .if_none_match = {}});
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
}

TEST(TelemetryPath, MustBePlainAndFree) {
  EXPECT_TRUE(check_telemetry_path("/metrics"));
  EXPECT_TRUE(check_telemetry_path("/a/b.c"));
  for (const char* wrong : {"", "/", "metrics", "/ws", "/-/ready", "/a b", "/\"", "/a?b"}) {
    const auto status = check_telemetry_path(wrong);
    ASSERT_FALSE(status) << wrong;
    EXPECT_EQ(status.error().field, "--web.telemetry-path");
  }
}

}  // namespace
}  // namespace faultline::stream
