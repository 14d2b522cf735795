#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "chaosd/nethold/ruleset.hpp"

struct nl_sock;

namespace faultline::nethold {

/// Bytes that may go at once, and so are beyond a rate of bytes a second in its first seconds: a
/// packet of an Ethernet at least, for the kernel's timers a hundredth of a second's worth. A
/// larger packet is sent all the same, and what follows waits for it.
[[nodiscard]] std::uint32_t burst_of(std::uint64_t rate);

/// A queueing discipline of ours (htb, known by its handle) at the root of every
/// device of this network namespace but loopback, through libnl. What it slows down
/// is what the nftables rules give the priority of its one class; all else passes it
/// untouched. A device with a discipline of another hand is refused, not replaced.
class Shaper {
 public:
  enum class Devices { all_but_loopback, loopback };  ///< loopback: to try what the kernel can.
  [[nodiscard]] static Result<Shaper> create(const Marks& marks, Devices which);

  /// For the effects rate and delay.
  [[nodiscard]] Status install(const chaos::NetRules& rules);
  /// The same on devices that came since: of a network that the target was attached to.
  [[nodiscard]] Status extend(const chaos::NetRules& rules);
  /// Removes what has our handle; that there is none is success.
  [[nodiscard]] Status remove();
  /// Packets that went through our class, on all devices; `not_found` when it is gone.
  [[nodiscard]] Result<std::int64_t> packets();

 private:
  struct FreeSocket {
    void operator()(nl_sock* socket) const;
  };
  Shaper(nl_sock* socket, std::uint32_t major, Devices which)
      : socket_(socket), major_(major), which_(which) {}
  [[nodiscard]] Result<std::vector<int>> devices();
  [[nodiscard]] Status install_on(int device, const chaos::NetRules& rules);
  [[nodiscard]] Status add_leaf(int device, const chaos::NetRules& rules);

  std::unique_ptr<nl_sock, FreeSocket> socket_;
  std::uint32_t major_;
  Devices which_;
  std::vector<int> shaped_;  ///< Devices that it was installed on.
};

}  // namespace faultline::nethold
