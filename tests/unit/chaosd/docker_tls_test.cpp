// The Engine's API over TLS: requests, and the feed of events.
#include <fstream>

#include <gmock/gmock.h>

#include "chaosd/docker/docker_host.hpp"
#include "chaosd/docker/docker_runtime.hpp"
#include "tests/unit/chaosd/deadline_in.hpp"
#include "tests/unit/chaosd/docker_fake_engine.hpp"
#include "tests/unit/chaosd/temporary_folder.hpp"
#include "tests/unit/common/tls_front.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using test::Identity;
using test::LoopbackSocket;
using test::TlsFront;
using ::testing::HasSubstr;

/// An Engine that believes a CA, and a folder of who calls it.
class DockerTls : public ::testing::Test {
 protected:
  DockerTls() { ca_.write_certificate(folder_ + "/ca.pem"); }

  void show(const Identity& client) const {
    client.write_certificate(folder_ + "/cert.pem");
    client.write_key(folder_ + "/key.pem");
  }
  /// As the flags would make it.
  std::unique_ptr<Runtime> runtime_at(const std::string& address) {
    const auto hosts = read_docker_hosts({{address}, {folder_}, false});
    EXPECT_TRUE(hosts) << (hosts ? "" : hosts.error().message);
    auto runtime = make_docker_runtime({.host = address, .tls = hosts->front().tls}, book_);
    return std::move(*runtime);
  }
  static void is_refused(const Status& outcome, const std::string& why) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::upstream);
    EXPECT_THAT(outcome.error().message, HasSubstr(why));
  }
  static Status status_of(const Result<std::vector<TargetInfo>>& listed) {
    return listed ? Status{kDone} : Status{listed.error()};
  }

  const TemporaryFolder own_;
  const std::string& folder_ = own_.path();
  Identity ca_;
  Identity server_{"DNS:localhost", &ca_};
  Identity client_{"", &ca_};
  net::AddressBook book_;
  FakeEngine engine_{[](const std::string& request) -> FakeEngine::Answer {
    return {200,
            fixture(request.find("?all=1") != std::string::npos ? "list.json" : "running.json")};
  }};
  TlsFront front_{server_, engine_.path(), &ca_};
};

TEST_F(DockerTls, WhoShowsItsCertificateIsServed) {
  show(client_);
  const auto targets = runtime_at(front_.at("localhost"))->list(in(5s));
  ASSERT_TRUE(targets) << targets.error().message;
  EXPECT_EQ(targets->front().name, "roach1");
}

TEST_F(DockerTls, EventsComeThroughHoweverTheyAreCut) {
  show(client_);
  const auto runtime = runtime_at(front_.at("localhost"));
  const auto opened = runtime->wait_for_change(in(5s), {});
  ASSERT_TRUE(opened) << opened.error().message;
  engine_.say(R"({"Type":"container","Action":"die"})");
  EXPECT_TRUE(runtime->wait_for_change(Deadline::max() - 1h, {}));
  engine_.say_raw("10000\r\n");  // More than one record of TLS, in one line.
  engine_.say_raw(std::string(0x10000 - 1, 'x') + "\n\r\n");
  EXPECT_TRUE(runtime->wait_for_change(Deadline::max() - 1h, {}));
  engine_.hang_up();
  EXPECT_EQ(runtime->wait_for_change(in(5s), {}).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(runtime->wait_for_change(in(5s), {})) << "and it is opened anew";
}

TEST_F(DockerTls, ADeadlineAndAStopEndTheWaitForEvents) {
  show(client_);
  const auto runtime = runtime_at(front_.at("localhost"));
  EXPECT_TRUE(runtime->wait_for_change(in(5s), {}));
  EXPECT_TRUE(runtime->wait_for_change(in(5ms), {}));
  std::stop_source stop;
  std::jthread stopper{[&] { stop.request_stop(); }};
  EXPECT_TRUE(runtime->wait_for_change(Deadline::max() - 1h, stop.get_token()));
}

TEST_F(DockerTls, WhoHasNoCertificateIsToldThatOneIsWanted) {
  const auto runtime = runtime_at(front_.at("localhost"));
  is_refused(status_of(runtime->list(in(5s))), "wants a certificate of us");
  is_refused(runtime->wait_for_change(in(5s), {}), "wants a certificate of us");
  EXPECT_THAT(engine_.requests(), ::testing::IsEmpty());
}

TEST_F(DockerTls, WhoseCertificateIsOfAnotherCaIsToldSo) {
  const Identity stranger;
  show(Identity{"", &stranger});
  const auto runtime = runtime_at(front_.at("localhost"));
  is_refused(status_of(runtime->list(in(5s))), "does not take our certificate");
  is_refused(runtime->wait_for_change(in(5s), {}), "does not take our certificate");
}

TEST_F(DockerTls, AnEngineOfAnotherCaIsNotBelieved) {
  show(client_);
  const Identity stranger;
  const Identity signed_by_it{"DNS:localhost", &stranger};
  const TlsFront impostor{signed_by_it, engine_.path(), &ca_};
  const auto runtime = runtime_at(impostor.at("localhost"));
  is_refused(status_of(runtime->list(in(5s))), "must be in " + folder_ + "/ca.pem");
  is_refused(runtime->wait_for_change(in(5s), {}), "must be in " + folder_ + "/ca.pem");
  EXPECT_THAT(engine_.requests(), ::testing::IsEmpty());
}

TEST_F(DockerTls, AnEngineOfAnotherNameIsNotBelieved) {
  show(client_);
  const auto runtime = runtime_at(front_.at("127.0.0.1"));
  is_refused(status_of(runtime->list(in(5s))), "its certificate must be for 127.0.0.1");
  is_refused(runtime->wait_for_change(in(5s), {}), "its certificate must be for 127.0.0.1");
}

/// The kernel accepts, and nobody ever says a word.
TEST_F(DockerTls, ASilentPeerIsATimeoutAtTheDeadline) {
  const LoopbackSocket silent;
  const auto runtime = runtime_at("tcp://localhost:" + silent.port());
  EXPECT_EQ(runtime->list(in(30ms)).error().code, ErrorCode::timeout);
  EXPECT_EQ(runtime->wait_for_change(in(30ms), {}).error().code, ErrorCode::timeout);
}

/// TLS and then nothing: an Engine that is stopped behind its proxy.
TEST_F(DockerTls, APeerThatIsSilentAfterTheHandshakeIsATimeoutToo) {
  show(client_);
  const TemporaryFolder own;
  const std::string path = own.path() + "/docker.sock";
  const int deaf = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(deaf, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(deaf, 16), 0);
  {
    const TlsFront front{server_, path, &ca_};
    const auto runtime = runtime_at(front.at("localhost"));
    EXPECT_EQ(runtime->list(in(500ms)).error().code, ErrorCode::timeout);
    EXPECT_EQ(runtime->wait_for_change(in(500ms), {}).error().code, ErrorCode::timeout);
  }
  ::close(deaf);
}

TEST_F(DockerTls, AnEngineInClearDoesNotSpeakTls) {
  const LoopbackSocket clear;
  std::thread says{[&] {
    for (int peer; (peer = clear.accept()) >= 0;) {
      (void)::send(peer, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL);
      char rest[4096];
      (void)::recv(peer, rest, sizeof rest, 0);
      ::close(peer);
    }
  }};
  const auto runtime = runtime_at("tcp://localhost:" + clear.port());
  is_refused(status_of(runtime->list(in(5s))), "does not speak TLS with us");
  is_refused(runtime->wait_for_change(in(5s), {}), "does not speak TLS with us");
  clear.end();
  says.join();
}

}  // namespace
}  // namespace faultline::chaos
