#pragma once

#include <algorithm>
#include <chrono>

namespace faultline::nethold {

/// How long the rules may stay: until the deadline of the fault, and no longer than one
/// lease after chaosd was last heard. Times are CLOCK_BOOTTIME, which a suspended
/// machine does not stop.
class Lease {
 public:
  using Time = std::chrono::milliseconds;

  Lease(Time now, Time lease, Time until_deadline)
      : lease_(lease), renewed_(now), deadline_(now + until_deadline) {}

  void renew(Time now) { renewed_ = now; }
  [[nodiscard]] bool deadline_passed(Time now) const { return now >= deadline_; }
  [[nodiscard]] bool abandoned(Time now) const { return now >= renewed_ + lease_; }
  [[nodiscard]] bool is_over(Time now) const { return deadline_passed(now) || abandoned(now); }
  [[nodiscard]] Time left(Time now) const {
    return std::max(Time{0}, std::min(deadline_, renewed_ + lease_) - now);
  }

 private:
  Time lease_;
  Time renewed_;
  Time deadline_;
};

}  // namespace faultline::nethold
