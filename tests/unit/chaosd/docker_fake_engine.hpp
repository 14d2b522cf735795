#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace faultline::chaos {

/// A recorded answer of a real Engine.
inline std::string fixture(const std::string& name) {
  std::ifstream file{std::string{FAULTLINE_SOURCE_DIR} + "/tests/unit/chaosd/docker_fixtures/" +
                     name};
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Speaks just enough HTTP on a unix socket to be a Docker Engine: answers every
/// request by a function of the test, and remembers "METHOD /target" of each. A
/// request for /events gets the head of a chunked answer and stays open for say(). In the head
/// of every answer it says its API version; a ping needs no function.
class FakeEngine {
 public:
  using Answer = std::pair<int, std::string>;
  static constexpr const char* kSays = "Api-Version: 1.41\r\nOstype: linux\r\n";
  using Respond = std::function<Answer(const std::string& request)>;

  explicit FakeEngine(Respond respond, std::string says = kSays)
      : respond_(std::move(respond)), says_(std::move(says)) {
    char folder[] = "/tmp/faultline-engine-XXXXXX";
    folder_ = ::mkdtemp(folder);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    wakeup_ = ::eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~FakeEngine() {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(wakeup_, &one, sizeof one), static_cast<ssize_t>(sizeof one));
    thread_.join();
    hang_up();
    ::close(listener_);
    ::close(wakeup_);
    std::filesystem::remove_all(folder_);
  }
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;

  [[nodiscard]] std::string host() const { return "unix://" + path(); }
  [[nodiscard]] std::string path() const { return folder_ + "/docker.sock"; }
  [[nodiscard]] std::vector<std::string> requests() {
    const std::lock_guard lock{mutex_};
    return requests_;
  }
  [[nodiscard]] std::vector<std::string> posts() {
    auto all = requests();
    all.erase(std::remove_if(all.begin(), all.end(),
                             [](const auto& line) { return !line.starts_with("POST "); }),
              all.end());
    return all;
  }

  /// Of the request that is being answered; for the test's function.
  [[nodiscard]] const std::string& body() const { return body_; }

  /// Writes raw bytes to the open /events answer.
  void say_raw(const std::string& bytes) {
    const std::lock_guard lock{mutex_};
    EXPECT_GE(events_, 0) << "nobody listens to /events";
    EXPECT_EQ(::send(events_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void say(const std::string& line) { say_raw(chunk(line + "\n")); }
  void hang_up() {
    const std::lock_guard lock{mutex_};
    if (events_ >= 0) ::close(events_);
    events_ = -1;
  }
  static std::string chunk(const std::string& text) {
    std::ostringstream size;
    size << std::hex << text.size();
    return size.str() + "\r\n" + text + "\r\n";
  }

 private:
  void serve() {
    for (;;) {
      pollfd waits[]{{listener_, POLLIN, 0}, {wakeup_, POLLIN, 0}};
      ::poll(waits, 2, -1);
      if (waits[1].revents != 0) return;
      const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      std::string head;
      char buffer[4096];
      while (head.find("\r\n\r\n") == std::string::npos) {
        const auto count = ::recv(peer, buffer, sizeof buffer, 0);
        if (count <= 0) break;
        head.append(buffer, static_cast<std::size_t>(count));
      }
      body_ = body_of(peer, head);
      const std::string request = head.substr(0, head.find(" HTTP/"));
      answer(peer, request);
    }
  }

  /// Of which a part may have come with the head.
  static std::string body_of(int peer, const std::string& head) {
    constexpr std::string_view kLength = "Content-Length: ";
    const auto length = head.find(kLength);
    const auto begin = head.find("\r\n\r\n");
    if (length == std::string::npos || length > begin) return {};
    const auto size = std::stoul(head.substr(length + kLength.size()));
    std::string body = head.substr(begin + 4);
    char buffer[4096];
    while (body.size() < size) {
      const auto count = ::recv(peer, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      body.append(buffer, static_cast<std::size_t>(count));
    }
    return body;
  }

  void answer(int peer, const std::string& request) {
    const std::lock_guard lock{mutex_};
    requests_.push_back(request);
    const auto [status, body] = request == "GET /_ping" ? Answer{200, "OK"} : respond_(request);
    std::string text = "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n" + says_;
    const bool keep = request.starts_with("GET /events") && status == 200;
    if (keep) {
      text += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
      if (events_ >= 0) ::close(events_);
      events_ = peer;
    } else if (status == 204 || status == 304) {
      text += "\r\n";
    } else {
      text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    // Whoever asked may have given up meanwhile; what it then does is for the test to see.
    (void)::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    if (!keep) ::close(peer);
  }

  Respond respond_;
  std::string says_;
  std::string folder_;
  int listener_ = -1;
  int wakeup_ = -1;
  std::mutex mutex_;  // Guards requests_ and events_.
  std::vector<std::string> requests_;
  int events_ = -1;
  std::string body_;  // Of the thread's own.
  std::thread thread_;
};

}  // namespace faultline::chaos
