#pragma once

#include "common/base/clock.hpp"

namespace faultline::test {

/// A clock that stands still until it is told how much time has passed.
class SteppedClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return from_ms(1'795'423'340'000) + elapsed_; }
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime{} + elapsed_; }
  void advance(milliseconds by) { elapsed_ += by; }

 private:
  milliseconds elapsed_{1'000};
};

}  // namespace faultline::test
