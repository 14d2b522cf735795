#include "simulator/pgwire/server.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <mutex>
#include <random>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "simulator/pgwire/connection.hpp"
#include "simulator/pgwire/tls.hpp"

namespace faultline::sim::pgwire {
namespace {

constexpr int kWatchMs = 100;      // How soon a hang-up during a statement is noticed.
constexpr int kLoginPollMs = 50;   // How often a silent login asks whether it may go on.
constexpr int kSendTimeoutS = 10;  // A client that does not read its result is dropped.
constexpr int kBacklog = 128;

// BackendKeyData's pid carries the node id above 20 random bits, as for small node ids
// in the real server.
constexpr unsigned kNodeShift = 20;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset(other.release());
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }
  void reset(int number = -1) {
    if (number_ >= 0) (void)::close(number_);
    number_ = number;
  }

 private:
  int number_;
};

Error system_error(const std::string& what) {
  return {ErrorCode::unavailable, what + ": " + std::strerror(errno)};
}

Result<Descriptor> open_listener(const ServerOptions& options) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options.port);
  const int problem = ::getaddrinfo(options.host.empty() ? nullptr : options.host.c_str(),
                                    port.c_str(), &hints, &found);
  if (problem != 0) {
    return Error{ErrorCode::invalid,
                 "cannot resolve " + options.host + ": " + ::gai_strerror(problem)};
  }
  Error last{ErrorCode::unavailable, "no address for " + options.host};
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Descriptor made(::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                             each->ai_protocol));
    const int on = 1;
    const bool good = made.get() >= 0 &&
                      ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                      ::bind(made.get(), each->ai_addr, each->ai_addrlen) == 0 &&
                      ::listen(made.get(), kBacklog) == 0;
    if (good) {
      ::freeaddrinfo(found);
      return made;
    }
    last = system_error("cannot listen on " + options.host + ":" + port);
  }
  ::freeaddrinfo(found);
  return last;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

/// A client and its thread. Lives in the server's list until that thread is joined.
struct Client {
  Client(int number, CancelKey cancel_key) : descriptor(number), key(cancel_key) {}

  std::atomic<int> descriptor;  ///< -1 once another protocol took it over.
  CancelKey key;
  ConnectionFlags flags;
  std::atomic<bool> finished{false};
  std::thread thread;
};

}  // namespace

class Server::Impl {
 public:
  Impl(Descriptor listener, const ServerOptions& options, sql::Catalog& catalog, ServerHooks hooks)
      : listener_(std::move(listener)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        connections_max_(options.connections_max),
        catalog_(catalog),
        hooks_(std::move(hooks)),
        port_(port_of(listener_.get())),
        random_(std::random_device{}()),
        acceptor_([this] { accept_loop(); }) {}

  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t connections_count() const {
    const std::lock_guard lock(mutex_);
    return clients_.size();
  }

  void stop() {
    if (stopping_.exchange(true)) return;
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
    acceptor_.join();
    listener_.reset();
    std::list<std::unique_ptr<Client>> clients;
    {
      const std::lock_guard lock(mutex_);
      clients.swap(clients_);
    }
    for (const auto& client : clients) {
      client->flags.gone = true;
      client->flags.cancelled = true;
      // Ends the thread's read; what it still has to say goes out.
      const int descriptor = client->descriptor.load();
      if (descriptor >= 0) (void)::shutdown(descriptor, SHUT_RD);
    }
    for (const auto& client : clients) finish(*client);
  }

 private:
  static void finish(Client& client) {
    client.thread.join();
    if (client.descriptor.load() >= 0) (void)::close(client.descriptor.load());
  }

  void accept_loop() {
    std::vector<pollfd> watched;
    std::vector<Client*> watched_clients;
    while (!stopping_) {
      reap();
      watched.assign({{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}});
      watched_clients.clear();
      {
        const std::lock_guard lock(mutex_);
        for (const auto& client : clients_) {
          if (client->flags.gone || client->finished || client->descriptor < 0) continue;
          watched.push_back({client->descriptor, POLLRDHUP, 0});
          watched_clients.push_back(client.get());
        }
      }
      // Only this thread removes clients, so the pointers hold while it polls.
      const int patience = connections_count() == 0 ? -1 : kWatchMs;
      const int ready = ::poll(watched.data(), watched.size(), patience);
      if (ready <= 0) continue;
      for (std::size_t at = 0; at < watched_clients.size(); ++at) {
        if ((watched[at + 2].revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) continue;
        watched_clients[at]->flags.gone = true;
        watched_clients[at]->flags.cancelled = true;
      }
      if ((watched[1].revents & POLLIN) != 0) accept_one();
    }
  }

  void reap() {
    std::list<std::unique_ptr<Client>> done;
    {
      const std::lock_guard lock(mutex_);
      for (auto each = clients_.begin(); each != clients_.end();) {
        const auto next = std::next(each);
        if ((*each)->finished) done.splice(done.end(), clients_, each);
        each = next;
      }
    }
    for (const auto& client : done) finish(*client);
  }

  void accept_one() {
    Descriptor made(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (made.get() < 0) {
      // Out of descriptors: wait for one to come free instead of spinning.
      if (errno == EMFILE || errno == ENFILE) (void)::poll(nullptr, 0, kWatchMs);
      return;
    }
    const int on = 1;
    const timeval patience{kSendTimeoutS, 0};
    (void)::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)::setsockopt(made.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)::setsockopt(made.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connections_count() >= connections_max_) {
      sql::SqlError error;
      error.sqlstate = "53300";
      error.message = "sorry, too many clients already";
      MessageWriter writer;
      writer.error(error);
      (void)Channel(made.get()).send_all(writer.take());
      return;
    }
    auto client = std::make_unique<Client>(made.release(), new_key());
    Client& started = *client;
    const std::lock_guard lock(mutex_);
    clients_.push_back(std::move(client));
    started.thread = std::thread([this, &started] {
      serve(started);
      started.finished = true;
    });
  }

  CancelKey new_key() {
    const auto node = static_cast<std::uint32_t>(catalog_.identity().node_id);
    const auto low = static_cast<std::uint32_t>(random_()) & ((1U << kNodeShift) - 1);
    return {((node << kNodeShift) | low) & 0x7FFFFFFFU, static_cast<std::uint32_t>(random_())};
  }

  void cancel(CancelKey wanted) {
    const std::lock_guard lock(mutex_);
    for (const auto& client : clients_) {
      const bool matches = client->key.pid == wanted.pid && client->key.secret == wanted.secret;
      // An idle session has nothing to cancel, now or later.
      if (matches && client->flags.running) client->flags.cancelled = true;
    }
  }

  // Reads without consuming, to see who is talking. False: hung up before eight bytes.
  static bool peek_first(int descriptor, std::array<char, kFirstBytes>& first) {
    while (true) {
      const ssize_t seen = ::recv(descriptor, first.data(), first.size(), MSG_PEEK | MSG_WAITALL);
      if (seen < 0 && errno == EINTR) continue;
      return seen == static_cast<ssize_t>(first.size());
    }
  }

  void serve(Client& client) {
    const int descriptor = client.descriptor;
    std::array<char, kFirstBytes> first{};
    if (!peek_first(descriptor, first)) return close_half(descriptor);
    if (hooks_.other_protocol && classify({first.data(), first.size()}) == FirstMessage::foreign) {
      client.descriptor = -1;
      if (hooks_.other_protocol(descriptor)) return;
      client.descriptor = descriptor;
    }
    ConnectionOptions options;
    options.key = client.key;
    options.accepts_logins = hooks_.accepts_logins;
    options.draining = hooks_.draining;
    options.cancel = [this](CancelKey key) { cancel(key); };
    options.secure = hooks_.tls != nullptr;
    options.login_timeout = hooks_.login_timeout;
    Connection connection(catalog_, client.flags, std::move(options));
    converse(descriptor, client, connection);
    close_half(descriptor);
  }

  void converse(int descriptor, const Client& client, Connection& connection) {
    std::array<char, 65536> buffer{};
    Channel channel(descriptor);
    while (!connection.is_closed()) {
      if (connection.waits_for_login()) {
        if (client.flags.gone) return;
        pollfd none{descriptor, POLLRDHUP, 0};
        (void)::poll(&none, 1, kLoginPollMs);
      } else {
        const long got = channel.receive(buffer.data(), buffer.size());
        if (got <= 0) {
          if (!stopping_) return;
          connection.shut_down();
        } else {
          connection.feed({buffer.data(), static_cast<std::size_t>(got)});
        }
      }
      bool more = true;
      while (more) {
        more = connection.step();
        if (!channel.send_all(connection.take_output())) return;
      }
      if (!connection.wants_tls()) continue;
      auto peer = channel.start_tls(*hooks_.tls);
      if (peer == nullptr) return;
      connection.tls_established(std::move(peer));
    }
  }

  // The descriptor's number stays taken until the thread is joined.
  static void close_half(int descriptor) { (void)::shutdown(descriptor, SHUT_RDWR); }

  Descriptor listener_;
  Descriptor wake_;
  std::size_t connections_max_;
  sql::Catalog& catalog_;
  ServerHooks hooks_;
  std::uint16_t port_;
  std::mt19937_64 random_;  ///< Of the acceptor.
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  ///< Guards clients_.
  std::list<std::unique_ptr<Client>> clients_;
  std::thread acceptor_;  ///< Last: it uses everything above.
};

Result<std::unique_ptr<Server>> Server::create(const ServerOptions& options, sql::Catalog& catalog,
                                               ServerHooks hooks) {
  auto listener = open_listener(options);
  if (!listener) return listener.error();
  return std::unique_ptr<Server>(new Server(
      std::make_unique<Impl>(std::move(listener).value(), options, catalog, std::move(hooks))));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
std::uint16_t Server::port() const { return impl_->port(); }
std::size_t Server::connections_count() const { return impl_->connections_count(); }
void Server::stop() { impl_->stop(); }

}  // namespace faultline::sim::pgwire
