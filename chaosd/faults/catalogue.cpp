#include <array>

#include "chaosd/faults/cpu_throttle.hpp"
#include "chaosd/faults/disk_fill.hpp"
#include "chaosd/faults/disk_slow.hpp"
#include "chaosd/faults/disk_stall.hpp"
#include "chaosd/faults/fault.hpp"
#include "chaosd/faults/kill.hpp"
#include "chaosd/faults/memory_pressure.hpp"
#include "chaosd/faults/net_bandwidth.hpp"
#include "chaosd/faults/net_isolate.hpp"
#include "chaosd/faults/net_latency.hpp"
#include "chaosd/faults/net_loss.hpp"
#include "chaosd/faults/net_partition.hpp"
#include "chaosd/faults/pause.hpp"
#include "chaosd/faults/restart.hpp"
#include "chaosd/faults/stop.hpp"

namespace faultline::chaos {

namespace {

const StopFault kStop;
const KillFault kKill;
const PauseFault kPause;
const RestartFault kRestart;
const NetPartitionFault kNetPartition;
const NetIsolateFault kNetIsolate;
const NetLossFault kNetLoss;
const NetLatencyFault kNetLatency;
const NetBandwidthFault kNetBandwidth;
const CpuThrottleFault kCpuThrottle;
const MemoryPressureFault kMemoryPressure;
const DiskFillFault kDiskFill;
const DiskSlowFault kDiskSlow;
const DiskStallFault kDiskStall;
const std::array<const Fault*, 14> kCatalogue{
    &kStop,           &kKill,     &kPause,      &kRestart,      &kNetPartition,
    &kNetIsolate,     &kNetLoss,  &kNetLatency, &kNetBandwidth, &kCpuThrottle,
    &kMemoryPressure, &kDiskFill, &kDiskSlow,   &kDiskStall};

}  // namespace

Result<Proof> Fault::prove(Runtime& /*runtime*/, const FaultOrder& /*order*/,
                           const TargetInfo& target, Deadline /*deadline*/) const {
  return Proof{in_effect(target),
               target.name + " is still " + std::string{to_string(target.state)}};
}

Status outlives_its_run(const TargetInfo& target, FaultKind kind) {
  if (!target.removed_when_down) return kDone;
  return Error{
      ErrorCode::conflict,
      target.name +
          " was made with --rm: when it goes down its runtime removes it and its data, so " +
          std::string{to_string(kind)} + " could not be undone; make the container without --rm",
      "/kind"};
}

std::span<const Fault* const> fault_catalogue() { return kCatalogue; }

const Fault& fault_of(FaultKind kind) {
  for (const Fault* fault : kCatalogue) {
    if (fault->kind() == kind) return *fault;
  }
  FAULTLINE_ENSURE(false, "every kind stands in the catalogue");
}

}  // namespace faultline::chaos
