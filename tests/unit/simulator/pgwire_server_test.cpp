#include "simulator/pgwire/server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>

#include "simulator/sql/encode.hpp"
#include "tests/unit/simulator/sql_fake_catalog.hpp"

namespace faultline::sim::pgwire {
namespace {

using namespace std::string_literals;

constexpr int kPatienceMs = 5000;

std::string number(std::uint64_t value) {
  std::string out;
  sql::append_integer(out, value, 4);
  return out;
}

/// A blocking client on the loopback.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { hang_up(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& bytes) const {
    EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void query(const std::string& text) const { send("Q" + number(text.size() + 5) + text + '\0'); }
  /// Reads until the text is there, or the other side closes, or time is up.
  std::string read_until(const std::string& wanted) {
    std::string seen;
    std::array<char, 4096> buffer{};
    while (seen.find(wanted) == std::string::npos) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, kPatienceMs) <= 0) return seen + "<silence>";
      const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (got <= 0) return seen + "<closed>";
      seen.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return seen;
  }
  void log_in() {
    const std::string parameters = "user\0root\0database\0app\0\0"s;
    send(number(parameters.size() + 8) + number(196608) + parameters);
    const std::string answer = read_until("Z\0\0\0\5I"s);
    const std::size_t key = answer.find("K\0\0\0\x0c"s);
    ASSERT_NE(key, std::string::npos);
    pid =
        static_cast<std::uint32_t>(sql::read_integer(std::string_view(answer).substr(key + 5, 4)));
    secret = answer.substr(key + 9, 4);
  }
  void hang_up() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  std::uint32_t pid = 0;
  std::string secret;

 private:
  int socket_;
};

class PgwireServerTest : public testing::Test {
 protected:
  void start(ServerHooks hooks = {}, std::size_t connections_max = 50) {
    auto made = Server::create({"127.0.0.1", 0, connections_max}, catalog, std::move(hooks));
    ASSERT_TRUE(made.has_value()) << made.error().message;
    server = std::move(made).value();
  }
  /// Waits for a table to be asked: the statement hangs in it from then on.
  void await_read(sql::FakeTable& table) const {
    for (int i = 0; i < kPatienceMs && !table.was_read; ++i) (void)::poll(nullptr, 0, 1);
    ASSERT_TRUE(table.was_read);
  }

  sql::FakeCatalog catalog;
  std::unique_ptr<Server> server;
};

TEST_F(PgwireServerTest, ServesAClientOnAFreePort) {
  start();
  Client client(server->port());
  client.log_in();
  EXPECT_EQ(client.pid >> 20U, 3U) << "the key's pid carries the node id";
  client.query("SELECT k FROM kv ORDER BY k");
  EXPECT_NE(client.read_until("Z\0\0\0\5I"s).find("SELECT 2"), std::string::npos);
}

TEST_F(PgwireServerTest, ATakenPortIsAnErrorThatNamesIt) {
  start();
  const auto second = Server::create({"127.0.0.1", server->port(), 5}, catalog, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find(std::to_string(server->port())), std::string::npos);
}

TEST_F(PgwireServerTest, ARightCancelKeyEndsTheStatementAndAWrongOneDoesNot) {
  start();
  sql::FakeTable& kv = catalog.table("app", "public", "kv");
  kv.hangs = true;
  Client client(server->port());
  client.log_in();
  client.query("SELECT * FROM kv");
  await_read(kv);
  Client wrong(server->port());
  wrong.send(number(16) + number(80877102) + number(client.pid) + "\1\2\3\4"s);
  EXPECT_EQ(wrong.read_until("x"), "<closed>");
  Client right(server->port());
  right.send(number(16) + number(80877102) + number(client.pid) + client.secret);
  EXPECT_EQ(right.read_until("x"), "<closed>");
  const std::string answer = client.read_until("Z\0\0\0\5I"s);
  EXPECT_NE(answer.find("C57014"), std::string::npos);
  EXPECT_NE(answer.find("Mquery execution canceled\0"s), std::string::npos);
  kv.hangs = false;
  client.query("SELECT 5");
  EXPECT_NE(client.read_until("Z\0\0\0\5I"s).find("SELECT 1"), std::string::npos);
}

TEST_F(PgwireServerTest, AClientThatHangsUpEndsItsStatement) {
  start();
  sql::FakeTable& kv = catalog.table("app", "public", "kv");
  kv.hangs = true;
  Client client(server->port());
  client.log_in();
  client.query("SELECT * FROM kv");
  await_read(kv);
  client.hang_up();
  for (int i = 0; i < kPatienceMs && server->connections_count() > 0; ++i) {
    (void)::poll(nullptr, 0, 1);
  }
  EXPECT_EQ(server->connections_count(), 0U);
}

TEST_F(PgwireServerTest, StoppingTellsIdleSessionsAndEndsRunningOnes) {
  start();
  sql::FakeTable& kv = catalog.table("app", "public", "kv");
  kv.hangs = true;
  Client idle(server->port());
  idle.log_in();
  Client busy(server->port());
  busy.log_in();
  busy.query("SELECT * FROM kv");
  await_read(kv);
  server->stop();
  const std::string last = idle.read_until("<never>");
  EXPECT_NE(last.find("Mserver is shutting down"), std::string::npos);
  EXPECT_NE(busy.read_until("<never>").find("C57014"), std::string::npos);
}

TEST_F(PgwireServerTest, ALoginThatWaitsDoesNotHoldUpTheStop) {
  ServerHooks hooks;
  hooks.accepts_logins = [] { return false; };
  start(std::move(hooks));
  Client client(server->port());
  const std::string parameters = "user\0root\0\0"s;
  client.send(number(parameters.size() + 8) + number(196608) + parameters);
  for (int i = 0; i < kPatienceMs && server->connections_count() == 0; ++i) {
    (void)::poll(nullptr, 0, 1);
  }
  server->stop();
  EXPECT_EQ(client.read_until("<never>"), "<closed>");
}

TEST_F(PgwireServerTest, AnotherProtocolIsHandedOverWithItsFirstBytes) {
  std::atomic<int> taken{-1};
  ServerHooks hooks;
  hooks.other_protocol = [&](int descriptor) {
    taken = descriptor;
    return true;
  };
  start(std::move(hooks));
  Client peer(server->port());
  peer.send("CRDBSIM1hello");
  for (int i = 0; i < kPatienceMs && taken < 0; ++i) (void)::poll(nullptr, 0, 1);
  ASSERT_GE(taken, 0);
  std::array<char, 13> first{};
  EXPECT_EQ(::recv(taken, first.data(), first.size(), MSG_WAITALL), 13);
  EXPECT_EQ(std::string(first.data(), first.size()), "CRDBSIM1hello");
  server->stop();
  EXPECT_EQ(::send(taken, "yes", 3, MSG_NOSIGNAL), 3) << "it is the other one's to close";
  EXPECT_EQ(peer.read_until("yes"), "yes");
  ::close(taken);
}

TEST_F(PgwireServerTest, TooManyClientsAreToldSo) {
  start({}, 1);
  Client first(server->port());
  first.log_in();
  Client second(server->port());
  EXPECT_NE(second.read_until("<never>").find("C53300"), std::string::npos);
}

}  // namespace
}  // namespace faultline::sim::pgwire
