#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace faultline::nethold {

/// A socket whose connection is begun and not waited for; -1: `address` is none. `mark`: on
/// its packets, if not 0.
[[nodiscard]] int begin_connection(const std::string& address, int port, std::uint32_t mark = 0);

/// Connections that are begun and never waited for, so that packets meet the rules in
/// this instant rather than with the next heartbeat of the database. They carry no
/// byte, and end with this object.
class Witnesses {
 public:
  Witnesses(const std::vector<std::string>& addresses, int port);
  ~Witnesses();
  Witnesses(const Witnesses&) = delete;
  Witnesses& operator=(const Witnesses&) = delete;

 private:
  std::vector<int> sockets_;
};

}  // namespace faultline::nethold
