#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>

#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// Where calls that may wait for the exporter are worked off, one after another, so that
/// no thread of the HTTP server ever waits. `submit` from any thread; `step` from one.
class PlanDesk {
 public:
  explicit PlanDesk(Logger log) : log_(std::move(log)) {}

  /// `unavailable` when `kWaitingMax` wait already: then `work` is never called.
  Status submit(std::function<void()> work);
  /// Does the next one, if there is one.
  bool step();
  void run(const std::stop_token& stop);

  static constexpr std::size_t kWaitingMax = 64;

 private:
  const Logger log_;
  std::mutex mutex_;  // Guards waiting_; not held while working.
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace faultline::chaos
