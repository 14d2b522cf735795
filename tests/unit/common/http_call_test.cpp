#include "common/net/http_call.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faultline::net {
namespace {

/// Accepts connections in the kernel and never says a word: what a paused node looks like.
class SilentListener {
 public:
  SilentListener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, generic, length), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    EXPECT_EQ(::getsockname(socket_, generic, &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() { ::close(socket_); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int socket_;
  int port_ = 0;
};

TEST(HttpClient, ASilentPeerEndsInATimeoutNotInAHang) {
  AddressBook book;
  HttpClient client{book};
  const SilentListener silent;
  const auto deadline = std::chrono::steady_clock::now() + milliseconds{50};
  const auto answer = client.call({.endpoint = silent.endpoint(), .target = "/health"}, deadline);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::timeout);
}

TEST(HttpClient, OneSilentPeerDoesNotHoldUpAnotherAnswer) {
  AddressBook book;
  HttpClient client{book};
  std::string refused;
  {
    const SilentListener gone;
    refused = gone.endpoint();
  }
  const SilentListener silent;
  const auto answers = client.call_all(
      {{.endpoint = silent.endpoint()}, {.endpoint = refused}, {.endpoint = "nonsense"}},
      std::chrono::steady_clock::now() + milliseconds{50});
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].error().code, ErrorCode::timeout);
  EXPECT_EQ(answers[1].error().code, ErrorCode::unavailable);
  EXPECT_EQ(answers[2].error().code, ErrorCode::invalid);
}

TEST(HttpClient, AFewAtATimeTheSilentLeaveTheirPlaceToTheNext) {
  AddressBook book;
  HttpClient client{book};
  const SilentListener silent;
  std::vector<HttpRequest> requests;
  for (int i = 0; i < 3; ++i) requests.push_back({.endpoint = silent.endpoint()});
  requests.push_back({.endpoint = "nonsense"});
  std::vector<std::size_t> order;
  client.call_each(
      requests, {1, milliseconds{1}}, std::chrono::steady_clock::now() + milliseconds{500},
      [&](std::size_t i, const Result<HttpResponse>& answer) {
        order.push_back(i);
        EXPECT_EQ(answer.error().code, i == 3 ? ErrorCode::invalid : ErrorCode::timeout);
      });
  ASSERT_EQ(order.size(), 4U) << "each is answered once";
  EXPECT_EQ(order.front(), 3U) << "the last one did not wait for the deadline of the others";
}

TEST(HttpClient, NoMoreAtOnceThanThereArePlaces) {
  AddressBook book;
  HttpClient client{book};
  const SilentListener silent;
  const std::vector<HttpRequest> requests{{.endpoint = silent.endpoint()},
                                          {.endpoint = "nonsense"}};
  std::vector<std::size_t> order;
  client.call_each(requests, {1, std::chrono::hours{1}},
                   std::chrono::steady_clock::now() + milliseconds{20},
                   [&](std::size_t i, const Result<HttpResponse>&) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1}));
}

TEST(HttpClient, ConnectingTellsAListenerFromNothing) {
  AddressBook book;
  HttpClient client{book};
  const SilentListener silent;
  const auto answers = client.connect_all({silent.endpoint(), "unix:/nowhere"},
                                          std::chrono::steady_clock::now() + milliseconds{500});
  EXPECT_TRUE(answers[0]);
  EXPECT_FALSE(answers[1]);
}

}  // namespace
}  // namespace faultline::net
