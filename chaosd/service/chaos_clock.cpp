#include "chaosd/service/chaos_clock.hpp"

#include <ctime>
#include <fstream>

namespace faultline::chaos {

SystemChaosClock::SystemChaosClock() {
  // Empty when it cannot be read: then deadlines are judged by the wall clock alone.
  std::ifstream{"/proc/sys/kernel/random/boot_id"} >> boot_id_;
}

Now SystemChaosClock::now() const {
  timespec since{};
  clock_gettime(CLOCK_BOOTTIME, &since);
  const auto boot = std::chrono::duration_cast<milliseconds>(
      std::chrono::seconds{since.tv_sec} + std::chrono::nanoseconds{since.tv_nsec});
  return {std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()),
          std::chrono::steady_clock::now(),
          {boot_id_, boot}};
}

}  // namespace faultline::chaos
