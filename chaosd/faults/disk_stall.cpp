#include "chaosd/faults/disk_stall.hpp"

namespace faultline::chaos {

FaultShape DiskStallFault::shape() const { return {.takes_on_restart = true}; }

IoLimits DiskStallFault::asked(const FaultParams& /*params*/) const {
  IoLimits limits;
  limits[IoLimit::read_bytes] = kLeastIo;
  limits[IoLimit::write_bytes] = kLeastIo;
  return limits;
}

}  // namespace faultline::chaos
