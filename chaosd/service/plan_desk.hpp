#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>

#include "chaosd/service/chaos_clock.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// Where calls that may wait for the exporter are worked off, one after another, so that
/// no thread of the HTTP server ever waits. `submit` from any thread; `step` from one.
class PlanDesk {
 public:
  /// `clock` outlives this.
  PlanDesk(const ChaosClock& clock, Logger log) : clock_(clock), log_(std::move(log)) {}

  /// Later `work` is called, or `too_late` in its place, when it has waited for more than
  /// `kWaitMost`: its caller may have been told already that nobody answers. `unavailable` when
  /// `kWaitingMax` wait already: then neither is called.
  Status submit(std::function<void()> work, std::function<void()> too_late);
  /// Does the next one, if there is one.
  bool step();
  void run(const std::stop_token& stop);

  static constexpr std::size_t kWaitingMax = 64;
  /// Less than the time after which the HTTP server answers in our place.
  static constexpr milliseconds kWaitMost{30'000};

 private:
  struct Waiting {
    SteadyTime since;
    std::function<void()> work;
    std::function<void()> too_late;
  };

  const ChaosClock& clock_;
  const Logger log_;
  std::mutex mutex_;  // Guards waiting_; not held while working.
  std::condition_variable_any changed_;
  std::deque<Waiting> waiting_;
};

}  // namespace faultline::chaos
