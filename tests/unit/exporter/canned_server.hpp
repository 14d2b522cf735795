#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faultline::test {

/// An HTTP server of few words: answers each connection with the next canned response
/// (the last one for ever) and remembers the requests.
class CannedServer {
 public:
  explicit CannedServer(std::vector<std::string> responses)
      : responses_(std::move(responses)),
        socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&where), sizeof where);
    ::listen(socket_, 16);
    socklen_t size = sizeof where;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&where), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~CannedServer() {
    ::shutdown(socket_, SHUT_RDWR);  // Ends accept().
    thread_.join();
    ::close(socket_);
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
    for (int peer; (peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
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
  int socket_;
  std::string address_;
  std::mutex mutex_;  // Guards requests_.
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace faultline::test
