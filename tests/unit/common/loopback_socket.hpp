#pragma once

#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faultline::test {

/// A socket that listens on a free port of 127.0.0.1, for as long as this lives.
class LoopbackSocket {
 public:
  explicit LoopbackSocket(int backlog = 16)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&where), sizeof where);
    ::listen(socket_, backlog);
    socklen_t size = sizeof where;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&where), &size);
    port_ = std::to_string(ntohs(where.sin_port));
  }
  ~LoopbackSocket() { ::close(socket_); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  [[nodiscard]] const std::string& port() const { return port_; }
  /// -1 after end().
  [[nodiscard]] int accept() const { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }
  /// Ends accept(), in another thread too.
  void end() const { ::shutdown(socket_, SHUT_RDWR); }

 private:
  int socket_;
  std::string port_;
};

}  // namespace faultline::test
