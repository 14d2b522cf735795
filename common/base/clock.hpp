#pragma once

#include <chrono>
#include <cstdint>

namespace faultline {

using std::chrono::milliseconds;

/// Wall time, as it goes on the wire: whole milliseconds since the Unix epoch.
using WallTime = std::chrono::sys_time<milliseconds>;
/// For waits and ages; never goes back.
using SteadyTime = std::chrono::steady_clock::time_point;
/// The instant by which a wait must have ended.
using Deadline = SteadyTime;

/// Time as a value passed in, so that tests own it. Safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall() const = 0;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override {
    return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  }
  [[nodiscard]] SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

[[nodiscard]] inline std::int64_t to_ms(WallTime time) { return time.time_since_epoch().count(); }
[[nodiscard]] inline WallTime from_ms(std::int64_t ms) { return WallTime{milliseconds{ms}}; }

}  // namespace faultline
