#include "chaosd/faults/disk_fill.hpp"

namespace faultline::chaos {

namespace {

constexpr std::int64_t kMostMb = 1024 * 1024 * 1024;

}  // namespace

FaultShape DiskFillFault::shape() const { return {.numbers = {{"leave_mb", 0, kMostMb}}}; }

Result<HoldWhat> DiskFillFault::what(Runtime& /*runtime*/, const FaultOrder& order,
                                     Deadline /*deadline*/) const {
  return HoldWhat{DiskFill{order.params.number("leave_mb")}};
}

Proof DiskFillFault::proof_in(const HoldReport& report) const {
  return {report.met > 0, "no room was taken on its volume"};
}

}  // namespace faultline::chaos
