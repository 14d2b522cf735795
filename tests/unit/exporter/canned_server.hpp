#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/common/loopback_socket.hpp"

namespace faultline::test {

/// An HTTP server of few words: answers each connection with the next canned response
/// (the last one for ever) and remembers the requests.
class CannedServer {
 public:
  explicit CannedServer(std::vector<std::string> responses) : responses_(std::move(responses)) {
    thread_ = std::thread([this] { serve(); });
  }
  ~CannedServer() {
    socket_.end();
    thread_.join();
  }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  static std::string ok(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  void serve() {
    for (int peer; (peer = socket_.accept()) >= 0;) {
      std::string request;
      char buffer[2048];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const auto got = ::recv(peer, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        request.append(buffer, static_cast<std::size_t>(got));
      }
      std::string response;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        response = responses_[std::min(requests_.size(), responses_.size()) - 1];
      }
      ::send(peer, response.data(), response.size(), MSG_NOSIGNAL);
      ::close(peer);
    }
  }

  std::vector<std::string> responses_;
  LoopbackSocket socket_;
  std::string address_ = "127.0.0.1:" + socket_.port();
  std::mutex mutex_;  // Guards requests_.
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace faultline::test
