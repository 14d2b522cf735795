#include "chaosd/faults/disk_slow.hpp"

namespace faultline::chaos {

namespace {

constexpr std::int64_t kKb = 1024;
// Past these a trial by one process could not tell a limit from the disk itself.
constexpr std::int64_t kLeastKb = 8;
constexpr std::int64_t kMostKb = 100'000;
constexpr std::int64_t kMostOps = 5000;

}  // namespace

FaultShape DiskSlowFault::shape() const {
  return {.numbers = {{"read_kb_s", kLeastKb, kMostKb, false},
                      {"write_kb_s", kLeastKb, kMostKb, false},
                      {"iops", kLeastIo, kMostOps, false}},
          .needs_a_number = true,
          .takes_on_restart = true};
}

IoLimits DiskSlowFault::asked(const FaultParams& params) const {
  IoLimits limits;
  limits[IoLimit::read_bytes] = params.number("read_kb_s") * kKb;
  limits[IoLimit::write_bytes] = params.number("write_kb_s") * kKb;
  limits[IoLimit::read_ops] = params.number("iops");
  limits[IoLimit::write_ops] = params.number("iops");
  return limits;
}

}  // namespace faultline::chaos
