#include "common/net/http_stream.hpp"

#include <gmock/gmock.h>

#include <thread>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faultline::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Deadline in(milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// Listens on TCP. With words, says them to the first who connects and hangs up when
/// told to; without, the kernel accepts and nobody ever answers.
class Speaker {
 public:
  explicit Speaker(std::string words = "") : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, generic, length), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &length), 0);
    port_ = ntohs(address.sin_port);
    if (words.empty()) return;
    thread_ = std::thread{[this, words] {
      const int peer = ::accept(listener_, nullptr, nullptr);
      (void)!::send(peer, words.data(), words.size(), MSG_NOSIGNAL);
      ::shutdown(peer, SHUT_WR);
      char rest[256];
      while (::recv(peer, rest, sizeof rest, 0) > 0) {
      }
      ::close(peer);
    }};
  }
  ~Speaker() {
    ::shutdown(listener_, SHUT_RDWR);  // Ends an accept that nobody came to.
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;
  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int listener_;
  int port_ = 0;
  std::thread thread_;
};

Result<std::unique_ptr<HttpLineStream>> open(const std::string& endpoint, AddressBook& book,
                                             milliseconds time = 5s) {
  return HttpLineStream::open(book, {.endpoint = endpoint, .response_limit = 64}, in(time), {});
}

std::string head(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

TEST(HttpLineStream, LinesComeOverTcpWithOrWithoutCarriageReturn) {
  const Speaker speaker{head("Transfer-Encoding: chunked\r\n") + "9\r\none\r\ntwo\n\r\n0\r\n\r\n"};
  AddressBook book;
  const auto stream = open(speaker.endpoint(), book);
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ((*stream)->next(in(5s), {}).value(), "one");
  EXPECT_EQ((*stream)->next(in(5s), {}).value(), "two");
  const auto end = (*stream)->next(in(5s), {});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::unavailable);
}

TEST(HttpLineStream, APeerThatSaysNothingIsATimeoutAtTheDeadline) {
  const Speaker silent;
  AddressBook book;
  const auto stream = open(silent.endpoint(), book, 20ms);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::timeout);
}

TEST(HttpLineStream, AStopRequestEndsTheOpening) {
  const Speaker silent;
  AddressBook book;
  std::stop_source stop;
  std::jthread stopper{[&] { stop.request_stop(); }};
  EXPECT_FALSE(
      HttpLineStream::open(book, {.endpoint = silent.endpoint()}, in(1h), stop.get_token()));
}

TEST(HttpLineStream, WhoeverRefusesIsUnavailable) {
  std::string endpoint;
  {
    const Speaker gone;
    endpoint = gone.endpoint();
  }
  AddressBook book;
  EXPECT_EQ(open(endpoint, book).error().code, ErrorCode::unavailable);
  EXPECT_EQ(open("nonsense", book).error().code, ErrorCode::invalid);
  EXPECT_EQ(open("unix:/" + std::string(200, 'x'), book).error().code, ErrorCode::invalid);
}

TEST(HttpLineStream, WhatIsNotHttpIsSaidToBe) {
  const Speaker speaker{"SSH-2.0-OpenSSH_9.2\r\n\r\n"};
  AddressBook book;
  const auto stream = open(speaker.endpoint(), book);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::upstream);
  EXPECT_THAT(stream.error().message, HasSubstr("does not answer in HTTP"));
}

TEST(HttpLineStream, AnEndlessLineIsOverTheLimit) {
  const Speaker speaker{head("") + std::string(1000, 'x')};
  AddressBook book;
  const auto stream = open(speaker.endpoint(), book);
  ASSERT_TRUE(stream) << stream.error().message;
  const auto line = (*stream)->next(in(5s), {});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace faultline::net
