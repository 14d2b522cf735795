#pragma once

#include <algorithm>
#include <string>

#include "common/base/clock.hpp"

namespace faultline::sources {

/// Leaves a tier alone that failed several times in a row: a statement that hangs costs
/// the cluster as long as it hangs. Tries again slowly, and slower each time. Not for
/// several threads.
class Breaker {
 public:
  static constexpr int kFailuresMax = 3;
  static constexpr milliseconds kPause{30'000};
  static constexpr milliseconds kPauseMax{300'000};

  /// Whether the tier may be asked now.
  [[nodiscard]] bool closed(SteadyTime now) const {
    return failures_ < kFailuresMax || now >= retry_at_;
  }
  [[nodiscard]] const std::string& why() const { return why_; }

  void succeeded() {
    failures_ = 0;
    pause_ = kPause;
  }
  void failed(SteadyTime now, const std::string& why) {
    if (++failures_ < kFailuresMax) return;
    retry_at_ = now + pause_;
    why_ = "left alone for " + std::to_string(pause_.count() / 1000) + " s after " +
           std::to_string(failures_) + " failures in a row, the last: " + why;
    pause_ = std::min(pause_ * 2, kPauseMax);
  }

 private:
  int failures_ = 0;
  milliseconds pause_ = kPause;
  SteadyTime retry_at_;
  std::string why_;
};

}  // namespace faultline::sources
