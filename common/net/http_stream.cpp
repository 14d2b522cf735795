#include "common/net/http_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "common/net/tls_session.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace faultline::net {

namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

/// An open file that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  void reset() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  int number_;
};

enum class Wake : std::uint8_t { ready, deadline, stop };

/// Blocks until `socket` is ready for `events`. Plain poll and not Asio: a stream
/// that is kept between calls would need a loop that is kept as well.
Wake wait_for(int socket, short events, Deadline deadline, const std::stop_token& stop) {
  const Descriptor wakeup{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  const std::stop_callback on_stop{stop, [&] {
                                     const std::uint64_t one = 1;
                                     (void)!::write(wakeup.get(), &one, sizeof one);
                                   }};
  for (;;) {
    std::array<pollfd, 2> waits{pollfd{socket, events, 0}, pollfd{wakeup.get(), POLLIN, 0}};
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    const int wait_ms = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    const int ready = ::poll(waits.data(), waits.size(), wait_ms);
    if (stop.stop_requested()) return Wake::stop;
    if (ready > 0 && waits[0].revents != 0) return Wake::ready;
    if (std::chrono::steady_clock::now() >= deadline) return Wake::deadline;
  }
}

Error broken(const std::string& endpoint, int code) {
  if (code == ECONNREFUSED)
    return {ErrorCode::unavailable, "connection to " + endpoint + " refused"};
  return {ErrorCode::unavailable, endpoint + ": " + std::strerror(code)};
}

Error too_late(const std::string& endpoint) {
  return {ErrorCode::timeout, "no answer from " + endpoint + " before the deadline"};
}

Result<Descriptor> connect_one(const std::string& endpoint, const sockaddr* address,
                               socklen_t length, Deadline deadline, const std::stop_token& stop) {
  Descriptor socket{::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (socket.get() < 0) return broken(endpoint, errno);
  if (::connect(socket.get(), address, length) == 0) return socket;
  if (errno != EINPROGRESS) return broken(endpoint, errno);
  if (wait_for(socket.get(), POLLOUT, deadline, stop) != Wake::ready) return too_late(endpoint);
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0) return broken(endpoint, code);
  return socket;
}

/// A stream may be silent for hours: the kernel asks whether the other machine is still there.
void keep_alive(int socket) {
  const auto set = [&](int level, int name, int value) {
    (void)::setsockopt(socket, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

Result<Descriptor> connect_to(AddressBook& book, const std::string& endpoint, Deadline deadline,
                              const std::stop_token& stop) {
  const auto to = parse_endpoint(endpoint);
  if (!to) return to.error();
  if (to->is_unix()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (to->path.size() >= sizeof address.sun_path) {
      return Error{ErrorCode::invalid, "the path of the unix socket " + to->path + " is too long"};
    }
    std::memcpy(address.sun_path, to->path.c_str(), to->path.size() + 1);
    return connect_one(endpoint, reinterpret_cast<const sockaddr*>(&address), sizeof address,
                       deadline, stop);
  }
  const auto hosts = book.resolve(to->host, deadline);
  if (!hosts) return hosts.error();
  Result<Descriptor> socket = Error{ErrorCode::unavailable, to->host + " has no address"};
  for (const auto& host : *hosts) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), to->port.c_str(), &hints, &found) != 0) continue;
    socket = connect_one(endpoint, found->ai_addr, found->ai_addrlen, deadline, stop);
    ::freeaddrinfo(found);
    if (!socket) continue;
    keep_alive(socket->get());
    break;
  }
  return socket;
}

std::string request_text(const HttpRequest& request) {
  const bool local = request.endpoint.starts_with("unix:");
  std::string text = request.method + " " + request.target +
                     " HTTP/1.1\r\nHost: " + (local ? "localhost" : request.endpoint) +
                     "\r\nUser-Agent: faultline\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  return text + "\r\n";
}

class LineStream final : public HttpLineStream {
 public:
  /// `tls`: null in clear.
  LineStream(Descriptor socket, const HttpRequest& request, std::unique_ptr<TlsSession> tls)
      : socket_(std::move(socket)),
        tls_(std::move(tls)),
        endpoint_(request.endpoint),
        line_limit_(request.response_limit) {
    parser_.eager(true);
    parser_.body_limit(boost::none);  // It never ends; the limit is on a line.
  }

  Status exchange_heads(const std::string& text, Deadline deadline, const std::stop_token& stop) {
    if (tls_) {
      if (auto shaken = shake_hands(deadline, stop); !shaken) return shaken;
    }
    if (auto sent = say(text, deadline, stop); !sent) return sent;
    while (!parser_.is_header_done()) {
      if (wait_for(socket_.get(), POLLIN, deadline, stop) != Wake::ready) {
        return too_late(endpoint_);
      }
      if (auto read = receive(); !read) return read;
    }
    if (const unsigned status = parser_.get().result_int(); status != 200) {
      return Error{ErrorCode::upstream, endpoint_ + " answered " + std::to_string(status)};
    }
    return kDone;
  }

  Result<std::optional<std::string>> next(Deadline deadline, const std::stop_token& stop) override {
    for (;;) {
      std::string& body = parser_.get().body();
      if (const auto end = body.find('\n'); end != std::string::npos) {
        std::string line = body.substr(0, end);
        body.erase(0, end + 1);
        if (line.ends_with('\r')) line.pop_back();
        return std::optional{std::move(line)};
      }
      if (body.size() > line_limit_) {
        return Error{ErrorCode::too_large, "a line of " + endpoint_ + " is over the limit"};
      }
      if (parser_.is_done()) {
        return Error{ErrorCode::unavailable, endpoint_ + " ended the stream"};
      }
      if (wait_for(socket_.get(), POLLIN, deadline, stop) != Wake::ready) {
        return std::optional<std::string>{};
      }
      if (auto read = receive(); !read) return read.error();
    }
  }

 private:
  Status shake_hands(Deadline deadline, const std::stop_token& stop) {
    for (;;) {
      const auto done = tls_->shake_hands();
      // Also after a failure: the peer is owed the word why.
      auto sent = send(tls_->to_send(), deadline, stop);
      if (!done) return done.error();
      if (!sent) return sent;
      if (*done) return kDone;
      if (wait_for(socket_.get(), POLLIN, deadline, stop) != Wake::ready) {
        return too_late(endpoint_);
      }
      auto bytes = take();
      if (!bytes) return bytes.error();
      tls_->receive(*bytes);
    }
  }

  Status say(const std::string& text, Deadline deadline, const std::stop_token& stop) {
    if (!tls_) return send(text, deadline, stop);
    if (auto written = tls_->write(text); !written) return written;
    auto sent = send(tls_->to_send(), deadline, stop);
    if (sent) return sent;
    // A peer that hung up may have said why before.
    auto said = receive();
    return !said && said.error().code == ErrorCode::upstream ? said : sent;
  }

  Status send(const std::string& bytes, Deadline deadline, const std::stop_token& stop) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto count =
          ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count > 0) {
        sent += static_cast<std::size_t>(count);
      } else if (errno != EAGAIN && errno != EINTR) {
        return broken(endpoint_, errno);
      } else if (wait_for(socket_.get(), POLLOUT, deadline, stop) != Wake::ready) {
        return too_late(endpoint_);
      }
    }
    return kDone;
  }

  /// What the socket has; empty: nothing now.
  Result<std::string> take() {
    std::string bytes(16384, '\0');
    const auto count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::string{};
    if (count < 0) return broken(endpoint_, errno);
    if (count == 0) {
      return Error{ErrorCode::unavailable, endpoint_ + " closed the connection"};
    }
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
  }

  /// Takes what the socket has and feeds the parser with it.
  Status receive() {
    auto bytes = take();
    if (!bytes) return bytes.error();
    if (tls_) {
      tls_->receive(*bytes);
      bytes = tls_->read();
      if (!bytes) return bytes.error();
      // An answer to a change of keys. Nobody waits: it is a few bytes, and a peer that takes
      // none is one that we shall not hear either.
      const std::string owed = tls_->to_send();
      if (!owed.empty()) (void)::send(socket_.get(), owed.data(), owed.size(), MSG_NOSIGNAL);
    }
    unread_ += *bytes;
    while (!unread_.empty() && !parser_.is_done()) {
      error_code code;
      const auto used = parser_.put(boost::asio::buffer(unread_), code);
      unread_.erase(0, used);
      if (code == http::error::need_more) break;
      if (code) {
        return Error{ErrorCode::upstream,
                     endpoint_ + " does not answer in HTTP: " + code.message()};
      }
    }
    return kDone;
  }

  Descriptor socket_;
  std::unique_ptr<TlsSession> tls_;
  std::string endpoint_;
  std::size_t line_limit_;
  http::response_parser<http::string_body> parser_;
  std::string unread_;  // Bytes the parser could not use yet: part of a chunk header.
};

}  // namespace

Result<std::unique_ptr<HttpLineStream>> HttpLineStream::open(AddressBook& book,
                                                             const HttpRequest& request,
                                                             Deadline deadline,
                                                             const std::stop_token& stop) {
  auto socket = connect_to(book, request.endpoint, deadline, stop);
  if (!socket) return socket.error();
  std::unique_ptr<TlsSession> tls;
  if (request.tls) {
    auto created = TlsSession::create(request, parse_endpoint(request.endpoint)->host);
    if (!created) return created.error();
    tls = std::move(*created);
  }
  auto stream = std::make_unique<LineStream>(std::move(*socket), request, std::move(tls));
  auto heads = stream->exchange_heads(request_text(request), deadline, stop);
  if (!heads) return heads.error();
  return std::unique_ptr<HttpLineStream>{std::move(stream)};
}

}  // namespace faultline::net
