#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "chaosd/nethold/delay_line.hpp"
#include "chaosd/nethold/descriptor.hpp"

namespace faultline::nethold {

enum class RelayEnd : std::uint8_t { client, server };

/// One client, and the connection that was opened on for it. Blocks never; whoever owns it
/// waits for both sockets and calls. Ends when both ends have been told of the other's end.
class RelayConnection {
 public:
  /// `server` may still be connecting. `pool` outlives this.
  RelayConnection(Descriptor client, Descriptor server, Lateness late, RelayPool& pool,
                  std::uint32_t seed);

  /// What epoll saw of one of the two.
  void look(RelayEnd end, std::uint32_t events, RelayTime now);
  /// Hands over what is due now, as far as it is taken.
  void pass(RelayTime now);
  /// Both ends are told by a reset, at once, whatever is under way.
  void cut();

  /// It could not be opened on.
  [[nodiscard]] bool refused() const { return refused_; }
  [[nodiscard]] bool over() const;
  /// When pass() has something to do, if nobody says anything before.
  [[nodiscard]] std::optional<RelayTime> next() const;
  /// What epoll is to look for.
  [[nodiscard]] std::uint32_t interest(RelayEnd end) const;
  /// epoll has nothing more to say of it, and would say so for ever.
  [[nodiscard]] bool silent(RelayEnd end) const { return side(end).silent; }
  [[nodiscard]] int socket(RelayEnd end) const { return side(end).socket.get(); }
  [[nodiscard]] std::size_t held() const;

  /// What epoll was last told to look for, by end. For the owner's use.
  std::array<std::uint32_t, 2> watched{};

 private:
  struct Side {
    Side(Descriptor s, Lateness late, RelayPool& pool, std::uint32_t seed)
        : socket(std::move(s)), sent(late, pool, seed) {}
    Descriptor socket;
    DelayLine sent;  ///< Under way to the other side.
    bool connecting = false;
    bool full = false;    ///< It took less than was due.
    bool deaf = false;    ///< It takes nothing any more.
    bool silent = false;  ///< Nothing comes of it any more.
  };
  [[nodiscard]] const Side& side(RelayEnd end) const {
    return end == RelayEnd::client ? client_ : server_;
  }
  static void receive(Side& from, bool to_the_end, RelayTime now);
  static void hand_over(Side& from, Side& to, RelayTime now);

  Side client_;
  Side server_;
  bool refused_ = false;
};

}  // namespace faultline::nethold
