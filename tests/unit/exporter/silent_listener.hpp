#pragma once

#include <string>

#include "tests/unit/common/loopback_socket.hpp"

namespace faultline::test {

/// What a paused process looks like from outside: the kernel accepts, acknowledges,
/// and nobody ever answers.
class SilentListener {
 public:
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  LoopbackSocket socket_{64};
  std::string address_ = "127.0.0.1:" + socket_.port();
};

}  // namespace faultline::test
