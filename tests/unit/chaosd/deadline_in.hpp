#pragma once

#include <chrono>

#include "common/base/clock.hpp"

namespace faultline::chaos {

inline Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

}  // namespace faultline::chaos
