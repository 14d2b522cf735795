#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <poll.h>
#include <sys/un.h>

#include "tests/unit/common/tls_peer.hpp"

namespace faultline::test {

/// Takes TLS off what comes in on 127.0.0.1 and carries it to a unix socket and back, until one
/// of the two hangs up: what a proxy before a server does. One thread per connection.
class TlsFront {
 public:
  /// `client_authority`: who must have signed the callers; null: nobody is asked.
  TlsFront(const Identity& identity, std::string unix_path,
           const Identity* client_authority = nullptr)
      : path_(std::move(unix_path)), context_(server_context(identity, client_authority)) {
    thread_ = std::thread([this] {
      for (int peer; (peer = socket_.accept()) >= 0;) {
        const std::lock_guard lock(mutex_);
        carriers_.emplace_back([this, peer](const std::stop_token& stop) { carry(peer, stop); });
      }
    });
  }
  ~TlsFront() {
    socket_.end();
    thread_.join();
  }
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;

  [[nodiscard]] std::string at(const std::string& host) const {
    return "tcp://" + host + ":" + socket_.port();
  }

 private:
  [[nodiscard]] int dial() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    const int inner = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(inner, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return inner;
    ::close(inner);
    return -1;
  }

  void carry(int peer, const std::stop_token& stop) {
    const std::unique_ptr<SSL, FreeWith<SSL_free>> session{SSL_new(context_.get())};
    SSL_set_fd(session.get(), peer);
    const int inner = SSL_accept(session.get()) == 1 ? dial() : -1;
    char buffer[16384];
    while (inner >= 0 && !stop.stop_requested()) {
      // Looks up now and then whether the test is over; nothing depends on how often.
      pollfd waits[]{{peer, POLLIN, 0}, {inner, POLLIN, 0}};
      const bool decrypted = SSL_pending(session.get()) > 0;
      ::poll(waits, 2, decrypted ? 0 : 20);
      if (decrypted || waits[0].revents != 0) {
        const int count = SSL_read(session.get(), buffer, sizeof buffer);
        if (count <= 0 || ::send(inner, buffer, static_cast<std::size_t>(count), MSG_NOSIGNAL) <= 0)
          break;
      }
      if (waits[1].revents != 0) {
        const auto count = ::recv(inner, buffer, sizeof buffer, 0);
        if (count <= 0 || SSL_write(session.get(), buffer, static_cast<int>(count)) <= 0) break;
      }
    }
    if (inner >= 0) ::close(inner);
    SSL_shutdown(session.get());
    ::close(peer);
  }

  std::string path_;
  std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>> context_;
  LoopbackSocket socket_;
  std::mutex mutex_;  // Guards carriers_.
  std::list<std::jthread> carriers_;
  std::thread thread_;
};

}  // namespace faultline::test
