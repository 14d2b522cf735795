#include "chaosd/nethold/relay.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace faultline::nethold {

namespace {

constexpr std::uint64_t kWake = 0;
constexpr std::uint64_t kListener4 = 1;
constexpr std::uint64_t kListener6 = 2;
constexpr std::uint32_t kNotWatched = 0xffffffff;
constexpr int kAtOnce = 64;           // Events, and connections, taken in one go.
constexpr int kSocketBuffer = 65536;  // Else the kernel holds megabytes for a silent reader.

Error failed(const char* what) {
  return {ErrorCode::unavailable, std::string{what} + ": " + std::strerror(errno)};
}

/// Keys of one connection: its number and which end.
std::uint64_t key_of(std::uint64_t number, RelayEnd end) {
  return (number << 2U) | static_cast<std::uint64_t>(end);
}

void tune(int socket) {
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof kSocketBuffer);
}

/// Listens on `port` of all addresses of a family; 0: any free one.
Descriptor listen_on(int family, std::uint16_t port) {
  Descriptor socket{::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return socket;
  const int yes = 1;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (family == AF_INET6) {
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  }
  const auto* const address = family == AF_INET ? reinterpret_cast<const sockaddr*>(&v4)
                                                : reinterpret_cast<const sockaddr*>(&v6);
  const socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
  // An accepted socket has what its listener has; the window is agreed on before that.
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof kSocketBuffer);
  if (::bind(socket.get(), address, size) != 0 || ::listen(socket.get(), SOMAXCONN) != 0) {
    socket.reset();
  }
  return socket;
}

std::uint16_t port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

std::optional<Destination> original_destination(int socket,
                                                const std::vector<std::int64_t>& ports) {
  Destination found;
  socklen_t own_size = sizeof found.address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&found.address), &own_size) != 0) {
    return std::nullopt;
  }
  const bool is_v6 = found.address.ss_family == AF_INET6;
  found.size = is_v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  // The number is the same in both families.
  if (::getsockopt(socket, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, SO_ORIGINAL_DST, &found.address,
                   &found.size) != 0) {
    return std::nullopt;
  }
  if (std::find(ports.begin(), ports.end(), port_of(found.address)) == ports.end()) {
    return std::nullopt;
  }
  return found;
}

Result<std::unique_ptr<Relay>> Relay::create(Lateness late, Find destination) {
  std::unique_ptr<Relay> relay{new Relay{late, std::move(destination)}};
  if (auto heard = relay->listen(); !heard) return heard.error();
  return relay;
}

Relay::~Relay() { stop(); }

Status Relay::listen() {
  epoll_ = Descriptor{::epoll_create1(EPOLL_CLOEXEC)};
  wake_ = Descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  listener4_ = listen_on(AF_INET, 0);
  if (!epoll_ || !wake_ || !listener4_) return failed("the relay cannot listen");
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (::getsockname(listener4_.get(), reinterpret_cast<sockaddr*>(&own), &size) != 0) {
    return failed("the relay has no port");
  }
  port_ = port_of(own);
  listener6_ = listen_on(AF_INET6, port_);  // Where there is no IPv6, nobody comes by it.
  if (auto watched = watch(wake_.get(), kWake, EPOLLIN); !watched) return watched;
  if (auto watched = watch(listener4_.get(), kListener4, EPOLLIN); !watched) return watched;
  return listener6_ ? watch(listener6_.get(), kListener6, EPOLLIN) : Status{kDone};
}

Status Relay::watch(int file, std::uint64_t key, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, file, &event) == 0) return kDone;
  return failed("the relay cannot wait");
}

void Relay::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void Relay::stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  listener4_.reset();
  listener6_.reset();
  for (auto& [number, one] : connections_) one->cut();
  connections_.clear();
  open_ = 0;
  held_ = 0;
}

void Relay::run(const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] {
                                  const std::uint64_t one = 1;
                                  (void)!::write(wake_.get(), &one, sizeof one);
                                }};
  while (!stop.stop_requested()) step();
}

int Relay::patience() const {
  std::optional<RelayTime> soonest;
  for (const auto& [number, one] : connections_) {
    const auto next = one->next();
    if (next && (!soonest || *next < *soonest)) soonest = next;
  }
  if (!soonest) return -1;
  const auto left = *soonest - std::chrono::steady_clock::now();
  // Up, so that nothing is looked at before it is due.
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 1000));
}

void Relay::step() {
  std::array<epoll_event, kAtOnce> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), kAtOnce, patience());
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kListener4) {
      accept_from(listener4_.get());
    } else if (event.data.u64 == kListener6) {
      accept_from(listener6_.get());
    } else if (event.data.u64 != kWake) {
      look_at(event.data.u64, event.events);
    }
  }
  advance();
}

void Relay::accept_from(int listener) {
  for (int i = 0; i < kAtOnce && connections_.size() < kMostConnections; ++i) {
    Descriptor client{::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!client) return;
    open_on(std::move(client));
  }
}

void Relay::open_on(Descriptor client) {
  const auto destination = destination_(client.get());
  if (!destination) return;
  Descriptor server{
      ::socket(destination->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!server) return;
  tune(client.get());
  tune(server.get());
  const int begun = ::connect(
      server.get(), reinterpret_cast<const sockaddr*>(&destination->address), destination->size);
  const bool refused = begun != 0 && errno != EINPROGRESS;
  auto one = std::make_unique<RelayConnection>(std::move(client), std::move(server), late_, pool_,
                                               static_cast<std::uint32_t>(seeds_()));
  if (refused) return one->cut();
  const std::uint64_t number = ++next_;
  for (const auto end : {RelayEnd::client, RelayEnd::server}) {
    const auto events = one->interest(end);
    if (!watch(one->socket(end), key_of(number, end), events)) return one->cut();
    one->watched[static_cast<std::size_t>(end)] = events;
  }
  connections_.emplace(number, std::move(one));
}

void Relay::look_at(std::uint64_t key, std::uint32_t events) {
  const auto found = connections_.find(key >> 2U);
  if (found == connections_.end()) return;
  found->second->look(static_cast<RelayEnd>(key & 3U), events, std::chrono::steady_clock::now());
}

void Relay::advance() {
  const auto now = std::chrono::steady_clock::now();
  for (auto& [number, one] : connections_) one->pass(now);
  std::size_t held = 0;
  // Only now: what was handed over has made room for what others may send.
  for (auto at = connections_.begin(); at != connections_.end();) {
    RelayConnection& one = *at->second;
    if (one.refused()) one.cut();
    if (one.refused() || one.over()) {
      at = connections_.erase(at);
      continue;
    }
    held += one.held();
    set_interest(at->first, one);
    ++at;
  }
  open_ = connections_.size();
  held_ = held;
  set_listening();
}

void Relay::set_interest(std::uint64_t number, RelayConnection& one) {
  for (const auto end : {RelayEnd::client, RelayEnd::server}) {
    auto& watched = one.watched[static_cast<std::size_t>(end)];
    if (watched == kNotWatched) continue;
    epoll_event event{};
    event.events = one.interest(end);
    event.data.u64 = key_of(number, end);
    if (one.silent(end)) {
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, one.socket(end), nullptr);
      watched = kNotWatched;
    } else if (event.events != watched) {
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, one.socket(end), &event);
      watched = event.events;
    }
  }
}

void Relay::set_listening() {
  const bool wanted = connections_.size() < kMostConnections;
  if (wanted == listening_) return;
  listening_ = wanted;
  epoll_event event{};
  event.events = wanted ? static_cast<std::uint32_t>(EPOLLIN) : 0;
  event.data.u64 = kListener4;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener4_.get(), &event);
  event.data.u64 = kListener6;
  if (listener6_) ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener6_.get(), &event);
}

}  // namespace faultline::nethold
