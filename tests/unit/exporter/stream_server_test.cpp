#include "exporter/stream/stream_server.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/exporter/stream_peer.hpp"
#include "tests/unit/exporter/stream_samples.hpp"

namespace faultline::stream {
namespace {

using nlohmann::json;

constexpr const char* kV1 = "Sec-WebSocket-Protocol: faultline.v1\r\n";

/// A server on a free port of loopback, with its board.
class StreamServerTest : public testing::Test {
 protected:
  StreamServerTest() {
    options_.listen_address = "127.0.0.1:0";
    options_.boot = "b-test";
    options_.heartbeat = milliseconds{60'000};
  }

  void start() {
    auto made = StreamServer::create(
        options_, board_,
        [](const StreamStats& stats, const Collect&) {
          return "clients " + std::to_string(stats.clients) + "\n";
        },
        make_logger("test"));
    ASSERT_TRUE(made) << made.error().message;
    server_ = std::move(made).value();
  }
  std::uint16_t port() const { return server_->port(); }
  void publish(std::int64_t seq, const std::vector<ClusterEvent>& events = {}, int nodes = 8) {
    board_.publish(share(sample_snapshot(seq, nodes)), events);
  }
  /// Asks until that many clients are counted; each question is a round trip.
  bool clients_become(const std::string& count) {
    Peer peer{port()};
    for (int tries = 0; tries < 20'000; ++tries) {
      if (peer.get("/metrics").body == "clients " + count + "\n") return true;
    }
    return false;
  }

  StreamOptions options_;
  observe::SnapshotBoard board_;
  std::unique_ptr<StreamServer> server_;
};

TEST_F(StreamServerTest, OneConnectionServesPageAfterPage) {
  start();
  Peer peer{port()};
  EXPECT_EQ(peer.get("/metrics").body, "clients 0\n");
  EXPECT_EQ(peer.get("/-/healthy").status, 200);
  EXPECT_EQ(peer.get("/-/ready").status, 503);
  EXPECT_EQ(peer.get("/nothing").status, 404);
  EXPECT_NE(peer.get("/").body.find("/metrics"), std::string::npos);
  EXPECT_NE(peer.get("/")["Content-Security-Policy"], "");
  publish(1);
  EXPECT_EQ(json::parse(peer.get("/api/v1/state").body).at("seq"), 1);
}

TEST_F(StreamServerTest, HeadAnswersTheHeaderOfGetAndNoBody) {
  start();
  Peer peer{port()};
  peer.send("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = peer.read_answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head["Content-Length"], "10");
  EXPECT_EQ(peer.get("/metrics").body, "clients 0\n") << "on the same connection";
}

TEST_F(StreamServerTest, OtherMethodsAndBodiesAreRefusedAndTheConnectionCloses) {
  start();
  Peer post{port()};
  post.send("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  const auto refused = post.read_answer();
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused["Allow"], "GET, HEAD");
  EXPECT_TRUE(post.at_end());
  Peer get{port()};
  EXPECT_EQ(get.get("/metrics", "Content-Length: 3\r\n").status, 400);
  EXPECT_TRUE(get.at_end());
}

TEST_F(StreamServerTest, WhatIsNoHttpIsAnswered400AndClosed) {
  start();
  for (const std::string bytes :
       {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"}) {
    Peer peer{port()};
    peer.send(bytes);
    EXPECT_EQ(peer.read_answer().status, 400) << bytes;
    EXPECT_TRUE(peer.at_end()) << bytes;
  }
}

TEST_F(StreamServerTest, AHeaderWithoutEndIsAnswered431) {
  start();
  Peer peer{port()};
  peer.send("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'x'));
  EXPECT_EQ(peer.read_answer().status, 431);
}

TEST_F(StreamServerTest, AHalfSentRequestIsGivenUp) {
  options_.header_max = milliseconds{20};
  start();
  Peer peer{port()};
  peer.send("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n");
  EXPECT_TRUE(peer.at_end());
}

TEST_F(StreamServerTest, OneConnectionTooManyIsClosedAndItsPlaceComesFreeAgain) {
  options_.connections_max = 1;
  start();
  {
    Peer first{port()};
    EXPECT_EQ(first.get("/-/healthy").status, 200);
    Peer second{port()};
    EXPECT_TRUE(second.at_end());
    first.hang_up_sending();
    EXPECT_TRUE(first.at_end());
  }
  Peer third{port()};
  EXPECT_EQ(third.get("/-/healthy").status, 200);
}

TEST_F(StreamServerTest, WithoutSubprotocolTheNewestSnapshotComesAtOnceAndThenEachOne) {
  start();
  publish(1);
  Peer peer{port()};
  ASSERT_EQ(peer.upgrade().status, 101);
  EXPECT_EQ(json::parse(peer.read_message()->payload).at("seq"), 1);
  publish(2, {sample_event(1)});
  EXPECT_EQ(json::parse(peer.read_message()->payload).at("seq"), 2);
}

TEST_F(StreamServerTest, WhoComesBeforeTheFirstSnapshotGetsItWhenItComes) {
  start();
  Peer peer{port()};
  ASSERT_EQ(peer.upgrade(kV1).status, 101);
  EXPECT_EQ(json::parse(peer.read_frame("hello")).at("boot"), "b-test");
  publish(1);
  EXPECT_EQ(json::parse(peer.read_frame("snapshot")).at("seq"), 1);
}

TEST_F(StreamServerTest, V1SaysHelloEventsSnapshotAndThenEventsAndDeltas) {
  start();
  publish(1, {sample_event(1), sample_event(2)});
  Peer peer{port()};
  const auto answer = peer.upgrade(kV1);
  ASSERT_EQ(answer.status, 101);
  EXPECT_EQ(answer["Sec-WebSocket-Protocol"], "faultline.v1");
  const auto next_type = [&] {
    return json::parse(peer.read_message()->payload).at("type").get<std::string>();
  };
  for (const char* type : {"hello", "event", "event", "snapshot"}) EXPECT_EQ(next_type(), type);
  publish(2, {sample_event(3)});
  EXPECT_EQ(next_type(), "event");
  const json delta = json::parse(peer.read_message()->payload);
  EXPECT_EQ(delta.at("type"), "delta");
  EXPECT_EQ(delta.at("base_seq"), 1);
}

TEST_F(StreamServerTest, OnConnectTheLastFiftyEventsComeAndNoneComesTwice) {
  start();
  std::vector<ClusterEvent> events;
  for (int id = 1; id <= 60; ++id) events.push_back(sample_event(id));
  publish(1, events);
  Peer peer{port()};
  ASSERT_EQ(peer.upgrade(kV1).status, 101);
  for (int id = 11; id <= 60; ++id) {
    ASSERT_EQ(json::parse(peer.read_frame("event")).at("event").at("id"), id);
  }
  publish(2, {sample_event(61)});
  EXPECT_EQ(json::parse(peer.read_frame("event")).at("event").at("id"), 61);
}

TEST_F(StreamServerTest, ResyncIsAnsweredWithASnapshotAndPingWithAHeartbeat) {
  start();
  publish(1);
  Peer peer{port()};
  ASSERT_EQ(peer.upgrade(kV1).status, 101);
  static_cast<void>(peer.read_frame("snapshot"));
  peer.say(R"({"type":"resync"})");
  EXPECT_EQ(json::parse(peer.read_frame("snapshot")).at("seq"), 1);
  peer.say(R"({"type":"ping"})");
  EXPECT_EQ(json::parse(peer.read_frame("heartbeat")).at("seq"), 1);
}

TEST_F(StreamServerTest, SilenceIsBrokenByHeartbeatsAndForBareClientsByPings) {
  options_.heartbeat = milliseconds{20};
  start();
  Peer v1{port()};
  Peer bare{port()};
  ASSERT_EQ(v1.upgrade(kV1).status, 101);
  ASSERT_EQ(bare.upgrade().status, 101);
  EXPECT_EQ(json::parse(v1.read_frame("heartbeat")).at("seq"), 0);
  EXPECT_EQ(bare.read_message()->opcode, 9U);
}

TEST_F(StreamServerTest, APingOfTheProtocolIsAnsweredWithItsOwnBytes) {
  start();
  Peer peer{port()};
  ASSERT_EQ(peer.upgrade().status, 101);
  peer.send(masked_frame(0x89, "abc"));
  const auto pong = peer.read_message();
  EXPECT_EQ(pong->opcode, 10U);
  EXPECT_EQ(pong->payload, "abc");
}

TEST_F(StreamServerTest, WhatIsNotUnderstoodClosesWith1008AndTooMuchWith1009) {
  start();
  const std::pair<std::string, unsigned> bad[] = {
      {masked_frame(0x81, R"({"type":"stop"})"), 1008},
      {masked_frame(0x81, "no json"), 1008},
      {masked_frame(0x82, "bytes"), 1008},
      {masked_frame(0x81, std::string(5000, 'x')), 1009},
      {std::string("\x81\x01x"), 1002},
  };
  for (const auto& [bytes, code] : bad) {
    Peer peer{port()};
    ASSERT_EQ(peer.upgrade(kV1).status, 101);
    static_cast<void>(peer.read_frame("hello"));
    peer.send(bytes);
    EXPECT_EQ(peer.read_message()->close_code(), code);
    EXPECT_TRUE(peer.at_end());
  }
  EXPECT_TRUE(clients_become("0"));
}

TEST_F(StreamServerTest, ACloseIsAnsweredWithTheSameCode) {
  start();
  Peer peer{port()};
  ASSERT_EQ(peer.upgrade().status, 101);
  peer.send(masked_frame(0x88, "\x03\xe8"));
  EXPECT_EQ(peer.read_message()->close_code(), 1000U);
  EXPECT_TRUE(peer.at_end());
}

TEST_F(StreamServerTest, AForeignOriginAndAnUnknownSubprotocolAreRefused) {
  options_.allowed_origins = {"https://faultline.example"};
  start();
  const std::pair<std::string, int> cases[] = {
      {"Origin: http://evil.example\r\n", 403},
      {"Origin: null\r\n", 403},
      {"Origin: http://localhost:8095\r\n", 101},
      {"Origin: https://faultline.example\r\n", 101},
      {"Sec-WebSocket-Protocol: faultline.v2\r\n", 400},
      {"Sec-WebSocket-Protocol: other\r\nSec-WebSocket-Protocol: faultline.v1\r\n", 101},
  };
  for (const auto& [header, status] : cases) {
    Peer peer{port()};
    const auto answer = peer.upgrade(header);
    EXPECT_EQ(answer.status, status) << header;
    if (status == 101) continue;
    EXPECT_EQ(answer["Content-Type"], "application/problem+json") << header;
  }
}

TEST_F(StreamServerTest, OneClientTooManyIsAnswered503) {
  options_.clients_max = 1;
  start();
  Peer first{port()};
  ASSERT_EQ(first.upgrade().status, 101);
  Peer second{port()};
  const auto answer = second.upgrade();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer["Retry-After"], "10");
}

TEST_F(StreamServerTest, WhatComesBehindTheRequestToUpgradeIsNotLost) {
  start();
  publish(1);
  Peer peer{port()};
  ASSERT_EQ(
      peer.upgrade(std::string{kV1} + "\r\n" + masked_frame(0x81, R"({"type":"ping"})")).status,
      101);
  static_cast<void>(peer.read_frame("heartbeat"));
}

TEST_F(StreamServerTest, AClientThatReadsNothingIsDroppedAndDelaysNobody) {
  options_.write_max = milliseconds{250};
  options_.send_buffer_bytes = 4096;
  start();
  Peer stalled{port(), 4096};
  Peer reading{port()};
  ASSERT_EQ(stalled.upgrade().status, 101);
  ASSERT_EQ(reading.upgrade().status, 101);
  std::int64_t seq = 0;
  while (server_->stats().dropped_total == 0 && seq < 200'000) {
    publish(++seq, {}, 40);
    std::int64_t seen = 0;  // Snapshots replace one another, so some may be skipped.
    while (seen < seq) {
      const auto message = reading.read_message();
      ASSERT_TRUE(message) << "the reading client must not be dropped";
      seen = json::parse(message->payload).at("seq");
    }
  }
  EXPECT_EQ(server_->stats().dropped_total, 1U);
  EXPECT_TRUE(clients_become("1")) << "it is counted as dropped first, and gone a moment later";
  EXPECT_GT(server_->stats().messages_total, 0U);
  EXPECT_GT(server_->stats().bytes_total, server_->stats().messages_total * 1000);
}

TEST_F(StreamServerTest, TooManyEventsForAClientThatReadsNothingDropIt) {
  options_.events_max = 5;
  options_.send_buffer_bytes = 4096;
  start();
  Peer stalled{port(), 4096};
  ASSERT_EQ(stalled.upgrade(kV1).status, 101);
  std::int64_t seq = 0;
  while (server_->stats().dropped_total == 0 && seq < 50'000) {
    ++seq;
    publish(seq, {sample_event(seq)}, 1);
  }
  EXPECT_TRUE(clients_become("0"));
  EXPECT_EQ(server_->stats().dropped_total, 1U);
}

TEST_F(StreamServerTest, WhoLeavesIsCountedOut) {
  start();
  {
    Peer peer{port()};
    ASSERT_EQ(peer.upgrade().status, 101);
    EXPECT_TRUE(clients_become("1"));
  }
  EXPECT_TRUE(clients_become("0"));
}

TEST_F(StreamServerTest, StoppingSaysGoodbyeWithinASecondAndTheBoardMayGoOnPublishing) {
  start();
  Peer peer{port()};
  ASSERT_EQ(peer.upgrade().status, 101);
  EXPECT_TRUE(clients_become("1"));
  const auto begin = std::chrono::steady_clock::now();
  server_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{1});
  EXPECT_EQ(peer.read_message()->close_code(), 1001U);
  EXPECT_TRUE(peer.at_end());
  publish(1);
}

TEST_F(StreamServerTest, WithoutAHostItListensOnEveryAddress) {
  options_.listen_address = ":0";
  start();
  Peer peer{port()};  // Over IPv4.
  EXPECT_EQ(peer.upgrade().status, 101);
}

TEST_F(StreamServerTest, AnAddressInUseOrUnreadableIsAnErrorThatNamesTheFlag) {
  start();
  const auto render = [](const StreamStats&, const Collect&) { return std::string{}; };
  StreamOptions taken = options_;
  taken.listen_address = "127.0.0.1:" + std::to_string(port());
  const auto second = StreamServer::create(taken, board_, render, make_logger("test"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  for (const char* wrong :
       {"", ":", ":port", "8095", "127.0.0.1:port", "unix:/tmp/x", "no.such.host.invalid:1"}) {
    StreamOptions options = options_;
    options.listen_address = wrong;
    const auto made = StreamServer::create(options, board_, render, make_logger("test"));
    ASSERT_FALSE(made) << wrong;
    EXPECT_EQ(made.error().field, "--web.listen-address") << wrong;
  }
}

}  // namespace
}  // namespace faultline::stream
