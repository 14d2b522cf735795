#include <thread>

#include <gmock/gmock.h>
#include <netinet/in.h>

#include "exporter/sources/pqxx_session.hpp"
#include "exporter/sources/watchdog.hpp"
#include "tests/unit/exporter/silent_listener.hpp"

namespace faultline::sql {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;

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

TEST(Watchdog, EndsAReadFromAPeerThatSaysNothing) {
  const test::SilentListener paused;
  const int socket = connected_to(paused.address());
  const auto started = steady_clock::now();
  char byte = 0;
  Watchdog dog{{}};
  {
    const auto watch = dog.watch(socket, started + milliseconds{100});
    EXPECT_EQ(::recv(socket, &byte, 1, 0), 0);
  }
  EXPECT_GE(steady_clock::now() - started, milliseconds{95});
  ::close(socket);
}

TEST(Watchdog, LeavesTheSocketAloneWhenItGoesInTime) {
  const test::SilentListener peer;
  const int socket = connected_to(peer.address());
  Watchdog dog{{}};
  { const auto watch = dog.watch(socket, steady_clock::now() + std::chrono::hours{1}); }
  EXPECT_EQ(::send(socket, "x", 1, MSG_NOSIGNAL), 1);
  ::close(socket);
}

TEST(Watchdog, TellsSocketsApartAndEndsTheEarliestFirst) {
  const test::SilentListener paused;
  const int patient = connected_to(paused.address());
  const int short_of_time = connected_to(paused.address());
  Watchdog dog{{}};
  const auto later = dog.watch(patient, steady_clock::now() + std::chrono::hours{1});
  char byte = 0;
  {
    const auto sooner = dog.watch(short_of_time, steady_clock::now() + milliseconds{50});
    EXPECT_EQ(::recv(short_of_time, &byte, 1, 0), 0);
  }
  EXPECT_EQ(::send(patient, "x", 1, MSG_NOSIGNAL), 1);
  {
    // Asked for after the dog went back to sleep, and too late already.
    const auto late = dog.watch(patient, steady_clock::now() - milliseconds{1});
    EXPECT_EQ(::recv(patient, &byte, 1, 0), 0);
  }
  ::close(patient);
  ::close(short_of_time);
}

TEST(Watchdog, AnAbortEndsTheReadLongBeforeTheDeadline) {
  const test::SilentListener paused;
  const int socket = connected_to(paused.address());
  std::stop_source abort;
  Watchdog dog{abort.get_token()};
  const std::jthread stopper{[&] { abort.request_stop(); }};
  char byte = 0;
  const auto until = steady_clock::now() + std::chrono::hours{1};
  {
    const auto watch = dog.watch(socket, until);
    EXPECT_EQ(::recv(socket, &byte, 1, 0), 0);
  }
  EXPECT_TRUE(dog.aborted());
  ::close(socket);
  const int next = connected_to(paused.address());
  const auto watch = dog.watch(next, until);
  EXPECT_EQ(::recv(next, &byte, 1, 0), 0) << "and everything that is asked for afterwards";
}

TEST(PqxxSession, DiallingASilentPeerEndsAtTheDeadlineAndNotAtLibpqsTwoSeconds) {
  const test::SilentListener paused;
  net::AddressBook book;
  Watchdog dog{{}};
  PqxxSession session{paused.address(), {}, book, dog};
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
  Watchdog dog{{}};
  PqxxSession session{address, {}, book, dog};
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
  Watchdog dog{stopping.get_token()};
  PqxxSession session{paused.address(), {}, book, dog};
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
  EXPECT_THAT(text, HasSubstr(" sslcert=/dev/null/none ")) << "none: not libpq's own default";
}

}  // namespace
}  // namespace faultline::sql
