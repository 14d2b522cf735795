#pragma once

#include <string>
#include <vector>

namespace faultline::nethold {

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
