#include <thread>

#include <gmock/gmock.h>
#include <netinet/in.h>

#include "exporter/sources/deadline_guard.hpp"
#include "exporter/sources/pqxx_session.hpp"
#include "tests/unit/exporter/silent_listener.hpp"

namespace faultline::sql {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

int connected_to(const std::string& address) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  ::connect(socket, reinterpret_cast<sockaddr*>(&where), sizeof where);
  return socket;
}

TEST(DeadlineGuard, EndsAReadFromAPeerThatSaysNothing) {
  const test::SilentListener paused;
  const int socket = connected_to(paused.address());
  const auto started = steady_clock::now();
  char byte = 0;
  {
    const DeadlineGuard guard{socket, started + milliseconds{100}, {}};
    EXPECT_EQ(::recv(socket, &byte, 1, 0), 0);
  }
  EXPECT_GE(steady_clock::now() - started, milliseconds{95});
  ::close(socket);
}

TEST(DeadlineGuard, LeavesTheSocketAloneWhenItGoesInTime) {
  const test::SilentListener peer;
  const int socket = connected_to(peer.address());
  { const DeadlineGuard guard{socket, steady_clock::now() + std::chrono::hours{1}, {}}; }
  EXPECT_EQ(::send(socket, "x", 1, MSG_NOSIGNAL), 1);
  ::close(socket);
}

TEST(DeadlineGuard, AnAbortEndsTheReadLongBeforeTheDeadline) {
  const test::SilentListener paused;
  const int socket = connected_to(paused.address());
  std::stop_source abort;
  const std::jthread stopper{[&] { abort.request_stop(); }};
  char byte = 0;
  const DeadlineGuard guard{socket, steady_clock::now() + std::chrono::hours{1}, abort.get_token()};
  EXPECT_EQ(::recv(socket, &byte, 1, 0), 0);
  ::close(socket);
}

TEST(PqxxSession, DiallingASilentPeerEndsAtTheDeadlineAndNotAtLibpqsTwoSeconds) {
  const test::SilentListener paused;
  net::AddressBook book;
  PqxxSession session{paused.address(), {}, book, {}};
  const auto started = steady_clock::now();
  const auto rows = session.query("SELECT 1", started + milliseconds{200});
  const auto took = steady_clock::now() - started;
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::timeout) << rows.error().message;
  EXPECT_GE(took, milliseconds{195});
  EXPECT_LT(took, milliseconds{1500});
}

TEST(PqxxSession, ARefusedConnectionIsUnavailableAtOnce) {
  std::string address;
  { address = test::SilentListener{}.address(); }
  net::AddressBook book;
  PqxxSession session{address, {}, book, {}};
  const auto rows = session.query("SELECT 1", steady_clock::now() + std::chrono::seconds{5});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::unavailable);
  EXPECT_THAT(rows.error().message, HasSubstr(address));
  EXPECT_EQ(session.generation(), 0);
}

TEST(PqxxSession, StoppingEndsAQueryInHand) {
  const test::SilentListener paused;
  net::AddressBook book;
  std::stop_source stopping;
  PqxxSession session{paused.address(), {}, book, stopping.get_token()};
  const std::jthread stopper{[&] { stopping.request_stop(); }};
  const auto rows = session.query("SELECT 1", steady_clock::now() + std::chrono::hours{1});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().message, "stopping");
}

TEST(ConnectionString, IsSafeAgainstOddTextAndNeverLooksUpNames) {
  SessionOptions options;
  options.login = {"ro'ot", Secret{}, ""};
  auto text = connection_string(options, "n1.example", "26257", "10.0.0.1").reveal();
  EXPECT_THAT(text, HasSubstr("hostaddr=10.0.0.1"));
  EXPECT_THAT(text, HasSubstr("user='ro\\'ot'"));
  EXPECT_THAT(text, HasSubstr("dbname=system"));
  EXPECT_THAT(text, HasSubstr("sslmode=disable"));
  EXPECT_THAT(text, HasSubstr("allow_unsafe_internals=true"));
  options.login = {"root", Secret{}, "/certs"};
  text = connection_string(options, "n1.example", "26257", "10.0.0.1").reveal();
  EXPECT_THAT(text, HasSubstr("sslmode=verify-full"));
  EXPECT_THAT(text, HasSubstr("sslcert='/certs/client.root.crt'"));
  options.login.password = Secret{"secret"};
  text = connection_string(options, "n1.example", "26257", "10.0.0.1").reveal();
  EXPECT_THAT(text, HasSubstr("password='secret'"));
  EXPECT_THAT(text, Not(HasSubstr("sslcert=")));
}

}  // namespace
}  // namespace faultline::sql
