#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#include "common/base/clock.hpp"

namespace faultline::poll {

/// A bell. Rings between two waits are one ring, and none is lost. Any thread rings;
/// one waits.
class Wakeup {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    bell_.notify_all();
  }

  /// Until a ring, `until`, or a request to stop. True if it rang.
  bool wait(const std::stop_token& stop, SteadyTime until) {
    std::unique_lock lock(mutex_);
    bell_.wait_until(lock, stop, until, [this] { return rung_; });
    return std::exchange(rung_, false);
  }

 private:
  std::mutex mutex_;  // Guards rung_.
  std::condition_variable_any bell_;
  bool rung_ = false;
};

}  // namespace faultline::poll
