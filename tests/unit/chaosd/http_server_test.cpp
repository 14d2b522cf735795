#include "chaosd/http/server.hpp"

#include <future>
#include <thread>

#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/http_call.hpp"
#include "tests/unit/chaosd/api_under_test.hpp"

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// The API behind a real server on a free port, spoken to over real connections.
class Served : public ApiTest {
 protected:
  Served()
      : server(HttpServer::start({"127.0.0.1:0"}, *api, silent_logger()).value()),
        feed_thread([this](const std::stop_token& stop) { life->feed.run(stop); }) {}
  ~Served() override {
    life->feed.close();
    server->stop(2s);
  }

  Result<net::HttpResponse> send(const std::string& method, const std::string& target,
                                 const std::string& body = "", const std::string& token = kOperator,
                                 std::vector<std::pair<std::string, std::string>> headers = {}) {
    net::HttpClient client{book};
    headers.emplace_back("Authorization", "Bearer " + token);
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    return client.call({address(), method, target, std::move(headers), body},
                       std::chrono::steady_clock::now() + 10s);
  }
  [[nodiscard]] std::string address() const {
    return "127.0.0.1:" + std::to_string(server->port());
  }

  /// Sends bytes as they are and returns what comes back until the first answer is whole.
  [[nodiscard]] std::string raw(const std::string& bytes) const {
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{5, 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(connection, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    EXPECT_GT(::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
    std::string answer(1 << 16, '\0');
    const auto size = ::recv(connection, answer.data(), answer.size(), 0);
    ::close(connection);
    answer.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return answer;
  }

  net::AddressBook book;
  std::unique_ptr<HttpServer> server;
  std::jthread feed_thread;
};

TEST_F(Served, AFaultGoesInAndComesBack) {
  const auto posted = send("POST", kFaults, kKill);
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->status, 202);
  EXPECT_EQ(posted->content_type, "application/json");
  const auto listed = send("GET", kFaults);
  ASSERT_TRUE(listed);
  EXPECT_THAT(listed->body, HasSubstr("\"kind\":\"kill\""));
}

TEST_F(Served, EveryAnswerForbidsCachingAndSniffing) {
  const std::string answer = raw("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
}

TEST_F(Served, TheQueryArrivesDecodedAndTheHeadersWithTheirValues) {
  EXPECT_EQ(send("POST", "/api/chaos/node/stop?name=n%31&duration_s=7")->status, 202);
  EXPECT_EQ(send("POST", "/api/chaos/node/stop?name=n2", "", "wrong")->status, 401);
  const auto foreign = send("POST", kFaults, kKill, kOperator, {{"Origin", "http://evil.example"}});
  EXPECT_EQ(foreign->status, 403);
}

TEST_F(Served, ALongPollIsAnsweredFromTheFeedsThread) {
  const auto seq = std::to_string(life->feed.seq());
  auto answer = std::async(std::launch::async, [&] {
    return send("GET", "/api/chaos/v1/events?boot=run1&wait_ms=9000&after=" + seq);
  });
  // Whether it waits already or comes after the event, it must be told of it.
  world.at("n1").state = ContainerState::exited;
  life->watch.step();
  const auto response = answer.get();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_THAT(response->body, HasSubstr("n1 is exited"));
}

TEST_F(Served, ALongPollThatHangsUpHarmsNobody) {
  for (int i = 0; i < 20; ++i) {
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(connection, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const std::string poll =
        "GET /api/chaos/v1/events?wait_ms=9000&after=" + std::to_string(life->feed.seq()) +
        " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + kViewer + "\r\n\r\n";
    ASSERT_GT(::send(connection, poll.data(), poll.size(), MSG_NOSIGNAL), 0);
    const linger reset{1, 0};
    if (i % 2 == 0) ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::close(connection);
  }
  world.at("n1").state = ContainerState::exited;
  life->watch.step();
  EXPECT_EQ(send("GET", "/-/healthy")->status, 200);
}

TEST_F(Served, LeavingAnswersThePollsThatWait) {
  const auto seq = std::to_string(life->feed.seq());
  auto answer = std::async(std::launch::async, [&] {
    return send("GET", "/api/chaos/v1/events?wait_ms=9000&after=" + seq);
  });
  // A request that comes after close() is answered at once, so the order does not matter.
  life->feed.close();
  const auto response = answer.get();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
}

TEST_F(Served, APortThatIsTakenIsAnErrorThatNamesTheFlag) {
  const auto second = HttpServer::start({address()}, *api, silent_logger());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().field, "--web.listen-address");
}

struct BadInput {
  const char* name;
  std::string bytes;
  const char* answer;  ///< How the answer begins.
};

class BadRequest : public Served, public ::testing::WithParamInterface<BadInput> {};

TEST_P(BadRequest, IsAnsweredAndChangesNothing) {
  EXPECT_THAT(raw(GetParam().bytes), StartsWith(GetParam().answer));
  life->work();
  EXPECT_TRUE(world.calls.empty());
  EXPECT_TRUE(life->service.faults(false).empty());
  EXPECT_EQ(send("GET", "/-/healthy")->status, 200);
}

std::string post(const std::string& headers, const std::string& body,
                 const std::string& path = kFaults) {
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + kOperator +
         "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string kJson = "Content-Type: application/json\r\n";

INSTANTIATE_TEST_SUITE_P(
    Matrix, BadRequest,
    ::testing::Values(
        BadInput{"malformed_json", post(kJson, "{\"kind\":"), "HTTP/1.1 400"},
        BadInput{"wrong_type", post(kJson, R"({"kind":"kill","target":1,"duration_s":1})"),
                 "HTTP/1.1 422"},
        BadInput{"unknown_target", post(kJson, R"({"kind":"kill","target":"n9","duration_s":1})"),
                 "HTTP/1.1 404"},
        BadInput{"unknown_node", post(kJson, R"({"kind":"kill","node_id":9,"duration_s":1})"),
                 "HTTP/1.1 409"},
        BadInput{"empty_selection", post(kJson, R"({"kind":"kill","duration_s":1})"),
                 "HTTP/1.1 422"},
        BadInput{"missing_duration", post(kJson, R"({"kind":"kill","target":"n1"})"),
                 "HTTP/1.1 422"},
        BadInput{
            "length_that_is_no_number",
            "POST /api/chaos/v1/heal HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n",
            "HTTP/1.1 400"},
        BadInput{"length_and_chunks",
                 "POST /api/chaos/v1/heal HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 "HTTP/1.1 400"},
        BadInput{"no_content_type", post("", kKill), "HTTP/1.1 415"},
        BadInput{"form", post("Content-Type: application/x-www-form-urlencoded\r\n", kKill),
                 "HTTP/1.1 415"},
        BadInput{"foreign_origin", post(kJson + "Origin: http://evil.example\r\n", kKill),
                 "HTTP/1.1 403"},
        BadInput{"body_over_limit", post(kJson, std::string(Api::kBodyMax + 1, ' ')),
                 "HTTP/1.1 413"},
        BadInput{"body_far_over_limit", post(kJson, std::string(Api::kBodyMax * 2, ' ')),
                 "HTTP/1.1 413"},
        BadInput{"wrong_token",
                 "POST /api/chaos/v1/heal HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                 "nope\r\nContent-Length: 0\r\n\r\n",
                 "HTTP/1.1 401"},
        BadInput{"no_token",
                 "POST /api/chaos/v1/heal HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
                 "HTTP/1.1 401"},
        BadInput{"foreign_host", "GET /-/healthy HTTP/1.1\r\nHost: evil.example\r\n\r\n",
                 "HTTP/1.1 403"},
        BadInput{"no_host", "GET /-/healthy HTTP/1.1\r\n\r\n", "HTTP/1.1 403"},
        BadInput{"unknown_path", "GET /etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "HTTP/1.1 404"},
        BadInput{"dots", "GET /api/chaos/v1/../v1/faults HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "HTTP/1.1 404"},
        BadInput{
            "wrong_method",
            "PUT /api/chaos/v1/faults HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 405"},
        BadInput{"unknown_method", "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400"},
        BadInput{"get_does_not_stop",
                 "GET /api/chaos/node/stop?name=n1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "HTTP/1.1 405"}),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace faultline::chaos
