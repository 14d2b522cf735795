#pragma once

#include <string>

#include "common/base/clock.hpp"

namespace faultline::chaos {

/// An instant that survives a restart of chaosd and a step of the wall clock, but
/// not a reboot: CLOCK_BOOTTIME (it counts suspended time) of one boot of the machine.
struct BootInstant {
  std::string boot_id;
  milliseconds since_boot{0};
};

/// The three times chaosd needs, read together.
struct Now {
  WallTime wall;
  SteadyTime steady;
  BootInstant boot;
};

class ChaosClock {
 public:
  virtual ~ChaosClock() = default;
  [[nodiscard]] virtual Now now() const = 0;
};

/// Any thread.
class SystemChaosClock final : public ChaosClock {
 public:
  SystemChaosClock();
  [[nodiscard]] Now now() const override;

 private:
  std::string boot_id_;
};

}  // namespace faultline::chaos
