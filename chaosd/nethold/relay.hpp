#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include <sys/socket.h>

#include "chaosd/nethold/delay_line.hpp"
#include "chaosd/nethold/descriptor.hpp"
#include "chaosd/nethold/relay_connection.hpp"
#include "common/base/result.hpp"

namespace faultline::nethold {

/// Where a connection that arrived was to go.
struct Destination {
  sockaddr_storage address{};
  socklen_t size = 0;
};

/// Takes the connections that are led to its port, opens each on to where it was to go,
/// and passes bytes on late, in order, in both directions, with the end of the stream. Who
/// does not read is not read from: what is under way is bounded by DelayLine and RelayPool,
/// whatever the number of connections. One thread of its own for all of them.
class Relay {
 public:
  /// `destination`: of a socket that was accepted; empty closes it.
  using Find = std::function<std::optional<Destination>(int socket)>;
  static constexpr std::size_t kMostConnections = 1000;  ///< More wait to be accepted.

  /// Listens on a free port of all addresses. `unavailable` in the kernel's words.
  [[nodiscard]] static Result<std::unique_ptr<Relay>> create(Lateness late, Find destination);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool hears_ipv6() const { return static_cast<bool>(listener6_); }

  /// Begins the thread. Signals that this process awaits must be blocked already.
  void start();
  /// Ends the thread and cuts all connections, so that both ends hear of it at once. Twice
  /// is once.
  void stop();

  [[nodiscard]] std::size_t connections() const { return open_; }
  [[nodiscard]] std::size_t bytes_held() const { return held_; }

 private:
  Relay(Lateness late, Find destination) : late_(late), destination_(std::move(destination)) {}
  [[nodiscard]] Status listen();
  [[nodiscard]] Status watch(int file, std::uint64_t key, std::uint32_t events);
  void run(const std::stop_token& stop);
  void step();
  [[nodiscard]] int patience() const;
  void accept_from(int listener);
  void open_on(Descriptor client);
  void look_at(std::uint64_t key, std::uint32_t events);
  void advance();
  void set_interest(std::uint64_t number, RelayConnection& one);
  void set_listening();

  Lateness late_;
  Find destination_;
  std::uint16_t port_ = 0;
  Descriptor epoll_, wake_, listener4_, listener6_;
  // What follows belongs to the thread, once it runs.
  RelayPool pool_;
  std::minstd_rand seeds_{std::random_device{}()};
  std::map<std::uint64_t, std::unique_ptr<RelayConnection>> connections_;
  std::uint64_t next_ = 0;
  bool listening_ = true;
  std::atomic<std::size_t> open_{0};
  std::atomic<std::size_t> held_{0};
  std::jthread thread_;
};

/// SO_ORIGINAL_DST of a connection that the kernel's rules led here, if it was to one of
/// `ports`; a connection that somebody made to the relay itself has none.
[[nodiscard]] std::optional<Destination> original_destination(
    int socket, const std::vector<std::int64_t>& ports);

}  // namespace faultline::nethold
