// The relay of nethold: the line that makes bytes late and one connection, by times that are
// given; and the whole of it over loopback, where nothing is asked of the clock but "not
// before".
#include "chaosd/nethold/relay.hpp"

#include <array>
#include <cerrno>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/epoll.h>

#include "chaosd/nethold/relay_connection.hpp"
#include "tests/unit/common/loopback_socket.hpp"

namespace faultline::nethold {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr RelayTime kStart{1h};

std::string all_due(DelayLine& line, RelayTime now) {
  std::string bytes;
  for (auto due = line.due(now); !due.empty(); due = line.due(now)) {
    bytes += due;
    line.take(due.size());
  }
  return bytes;
}

TEST(DelayLine, WhatWentInComesOutAfterTheDelayAndItsEndLast) {
  RelayPool pool;
  DelayLine line{{100ms, 0ms}, pool, 1};
  line.push(kStart, "ab");
  line.push(kStart + 10ms, "c");
  line.end(kStart + 20ms);
  EXPECT_EQ(all_due(line, kStart + 99ms), "");
  EXPECT_EQ(line.next(), kStart + 100ms);
  EXPECT_EQ(all_due(line, kStart + 100ms), "ab");
  EXPECT_FALSE(line.over(kStart + 119ms));
  EXPECT_EQ(all_due(line, kStart + 120ms), "c");
  EXPECT_TRUE(line.over(kStart + 120ms));
  EXPECT_EQ(line.held(), 0U);
}

TEST(DelayLine, JitterNeverChangesTheOrderNorPassesItsBounds) {
  RelayPool pool;
  DelayLine line{{20ms, 15ms}, pool, 7};
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    const char letter = static_cast<char>('a' + i % 26);
    line.push(kStart + i * 1ms, std::string(1, letter));
    sent += letter;
  }
  EXPECT_GE(line.next(), kStart + 5ms);
  EXPECT_EQ(all_due(line, kStart + 199ms + 35ms), sent);
  DelayLine early{{1ms, 50ms}, pool, 7};
  for (int i = 0; i < 50; ++i) early.push(kStart, "x");
  EXPECT_GE(early.next(), kStart) << "nothing arrives before it was sent";
}

TEST(DelayLine, TakesWhatIsTakenAndKeepsTheRest) {
  RelayPool pool;
  DelayLine line{{0ms, 0ms}, pool, 1};
  line.push(kStart, "abcdef");
  line.take(2);
  EXPECT_EQ(line.due(kStart), "cdef");
}

TEST(DelayLine, OneLineThatIsNotReadIsBoundedAndAFullPoolLeavesEachItsOwn) {
  RelayPool pool;
  const std::string piece(DelayLine::kPiece, 'x');
  {
    DelayLine greedy{{1ms, 0ms}, pool, 1};
    while (greedy.has_room()) greedy.push(kStart, piece);
    EXPECT_LE(greedy.held(), DelayLine::kMost + 2 * DelayLine::kPiece);
    pool.used += RelayPool::kMost;
    DelayLine late{{1ms, 0ms}, pool, 1};
    EXPECT_TRUE(late.has_room());
    late.push(kStart, piece);
    EXPECT_FALSE(late.has_room());
    pool.used -= RelayPool::kMost;
    EXPECT_GT(pool.used, 0U);
  }
  EXPECT_EQ(pool.used, 0U) << "a line that ends gives back what it held";
}

/// One RelayConnection between two pairs of sockets; `client` and `server` are the far ends.
class OneConnection : public ::testing::Test {
 protected:
  OneConnection() {
    std::array<int, 2> one{};
    std::array<int, 2> two{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, one.data()), 0);
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, two.data()), 0);
    client = Descriptor{one[0]};
    server = Descriptor{two[0]};
    connection.emplace(Descriptor{one[1]}, Descriptor{two[1]}, Lateness{100ms, 0ms}, pool, 1);
    connection->look(RelayEnd::server, EPOLLOUT, kStart);
  }
  static void say(const Descriptor& file, std::string_view text) {
    EXPECT_EQ(::send(file.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  /// "-": nothing yet; "": the end.
  static std::string hear(const Descriptor& file) {
    std::array<char, 256> bytes{};
    const auto read = ::recv(file.get(), bytes.data(), bytes.size(), 0);
    return read < 0 ? "-" : std::string{bytes.data(), static_cast<std::size_t>(read)};
  }

  RelayPool pool;
  Descriptor client, server;
  std::optional<RelayConnection> connection;
};

TEST_F(OneConnection, BothDirectionsAreLate) {
  say(client, "question");
  say(server, "greeting");
  connection->look(RelayEnd::client, EPOLLIN, kStart);
  connection->look(RelayEnd::server, EPOLLIN, kStart + 5ms);
  connection->pass(kStart + 99ms);
  EXPECT_EQ(hear(server), "-");
  EXPECT_EQ(connection->next(), kStart + 100ms);
  connection->pass(kStart + 100ms);
  EXPECT_EQ(hear(server), "question");
  EXPECT_EQ(hear(client), "-");
  connection->pass(kStart + 105ms);
  EXPECT_EQ(hear(client), "greeting");
}

TEST_F(OneConnection, WhoStopsSpeakingStillHears) {
  say(client, "last words");
  ::shutdown(client.get(), SHUT_WR);
  for (int i = 0; i < 2; ++i) connection->look(RelayEnd::client, EPOLLIN, kStart);
  connection->pass(kStart + 100ms);
  EXPECT_EQ(hear(server), "last words");
  EXPECT_EQ(hear(server), "") << "the end is passed on";
  EXPECT_FALSE(connection->over());
  say(server, "answer");
  ::shutdown(server.get(), SHUT_WR);
  for (int i = 0; i < 2; ++i) connection->look(RelayEnd::server, EPOLLIN, kStart + 100ms);
  connection->pass(kStart + 200ms);
  EXPECT_EQ(hear(client), "answer");
  EXPECT_TRUE(connection->over());
}

TEST_F(OneConnection, TheLastWordsOfABrokenEndArrive) {
  say(server, "FATAL: why");
  server.reset();
  connection->look(RelayEnd::server, EPOLLIN | EPOLLHUP, kStart);
  EXPECT_TRUE(connection->silent(RelayEnd::server));
  EXPECT_FALSE(connection->over());
  connection->pass(kStart + 100ms);
  EXPECT_EQ(hear(client), "FATAL: why");
  EXPECT_TRUE(connection->over());
}

TEST_F(OneConnection, WhoIsNotReadIsNotReadFrom) {
  const std::string much(64 * 1024, 'x');
  auto now = kStart;
  std::size_t sent = 0;
  // The server floods, the client never reads.
  for (int i = 0; i < 2000; ++i, now += 1s) {
    const auto more = ::send(server.get(), much.data(), much.size(), MSG_NOSIGNAL);
    if (more > 0) sent += static_cast<std::size_t>(more);
    connection->pass(now);
    if ((connection->interest(RelayEnd::server) & EPOLLIN) == 0) break;
    connection->look(RelayEnd::server, EPOLLIN, now);
  }
  EXPECT_EQ(connection->interest(RelayEnd::server) & EPOLLIN, 0U);
  EXPECT_EQ(connection->interest(RelayEnd::client) & EPOLLOUT, static_cast<unsigned>(EPOLLOUT));
  EXPECT_EQ(connection->next(), std::nullopt) << "nothing to do until somebody reads";
  EXPECT_LE(connection->held(), DelayLine::kMost + 2 * DelayLine::kPiece);
  EXPECT_GT(sent, DelayLine::kMost);
  std::array<char, 1 << 16> bytes{};
  while (::recv(client.get(), bytes.data(), bytes.size(), 0) > 0) continue;
  connection->look(RelayEnd::client, EPOLLOUT, now);
  connection->pass(now);
  EXPECT_NE(connection->interest(RelayEnd::server) & EPOLLIN, 0U) << "and then it goes on";
}

/// The whole relay in front of a listener on loopback.
class RelayTest : public ::testing::Test {
 protected:
  void begin(Lateness late, int backlog = 128) {
    destination_socket_.emplace(backlog);
    auto made = Relay::create(late, [this](int) { return destination(); });
    ASSERT_TRUE(made) << made.error().message;
    relay = std::move(made).value();
    relay->start();
  }
  [[nodiscard]] static Destination to_port(std::uint16_t port) {
    Destination found;
    auto& v4 = reinterpret_cast<sockaddr_in&>(found.address);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    found.size = sizeof v4;
    return found;
  }
  [[nodiscard]] std::optional<Destination> destination() const {
    if (refuses) return std::nullopt;
    return to_port(static_cast<std::uint16_t>(std::stoi(destination_socket_->port())));
  }
  [[nodiscard]] Descriptor connect() const {
    Descriptor client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const timeval patience{20, 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto address = to_port(relay->port());
    EXPECT_EQ(
        ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address.address), address.size),
        0);
    return client;
  }
  [[nodiscard]] Descriptor accept() const { return Descriptor{destination_socket_->accept()}; }
  static char hear(const Descriptor& file) {
    char byte = '-';
    return ::recv(file.get(), &byte, 1, 0) == 1 ? byte : '-';
  }

  std::optional<test::LoopbackSocket> destination_socket_;
  bool refuses = false;
  std::unique_ptr<Relay> relay;
};

TEST_F(RelayTest, ARoundTripTakesBothDelays) {
  begin({30ms, 0ms});
  const auto client = connect();
  const auto server = accept();
  const auto began = Clock::now();
  ASSERT_EQ(::send(client.get(), "q", 1, 0), 1);
  ASSERT_EQ(hear(server), 'q');
  EXPECT_GE(Clock::now() - began, 30ms);
  ASSERT_EQ(::send(server.get(), "a", 1, 0), 1);
  ASSERT_EQ(hear(client), 'a');
  EXPECT_GE(Clock::now() - began, 60ms);
}

TEST_F(RelayTest, StoppingItCutsBothEnds) {
  begin({1ms, 0ms});
  const auto client = connect();
  const auto server = accept();
  ASSERT_EQ(::send(client.get(), "q", 1, 0), 1);
  ASSERT_EQ(hear(server), 'q');
  relay->stop();
  for (const auto* end : {&client, &server}) {
    char byte = 0;
    EXPECT_EQ(::recv(end->get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
  }
  EXPECT_EQ(relay->connections(), 0U);
}

TEST_F(RelayTest, WhoWasNotLedThereIsTurnedAway) {
  refuses = true;
  begin({1ms, 0ms});
  const auto client = connect();
  EXPECT_EQ(hear(client), '-');
}

TEST_F(RelayTest, AConnectionThatNobodyMadeARuleForHasNoDestination) {
  begin({1ms, 0ms});
  EXPECT_FALSE(original_destination(connect().get(), {26257}).has_value());
}

TEST_F(RelayTest, AHundredSilentReadersHoldNoMoreThanIsAllowed) {
  constexpr std::size_t kClients = 100;
  begin({1ms, 0ms});
  std::vector<Descriptor> clients;
  std::vector<Descriptor> servers;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(connect());
    servers.push_back(accept());
  }
  const std::string much(64 * 1024, 'x');
  std::size_t sent = 0;
  // As much as is taken at once, and again until nobody takes any more for a while.
  for (int quiet = 0; quiet < 20;) {
    std::size_t more = 0;
    for (const auto& server : servers) {
      const auto taken =
          ::send(server.get(), much.data(), much.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (taken > 0) more += static_cast<std::size_t>(taken);
    }
    quiet = more == 0 ? quiet + 1 : 0;
    sent += more;
    std::this_thread::sleep_for(2ms);
    EXPECT_LE(relay->bytes_held(),
              RelayPool::kMost + kClients * (DelayLine::kEnough + 2 * DelayLine::kPiece));
    ASSERT_LT(sent, std::size_t{1} << 30U) << "it swallows without end";
  }
  EXPECT_GT(relay->bytes_held(), std::size_t{1} << 20U) << "the test reached no limit";
}

}  // namespace
}  // namespace faultline::nethold
