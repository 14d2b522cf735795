#include <array>

#include "chaosd/faults/fault.hpp"
#include "chaosd/faults/kill.hpp"
#include "chaosd/faults/pause.hpp"
#include "chaosd/faults/restart.hpp"
#include "chaosd/faults/stop.hpp"

namespace faultline::chaos {

namespace {

const StopFault kStop;
const KillFault kKill;
const PauseFault kPause;
const RestartFault kRestart;
const std::array<const Fault*, 4> kCatalogue{&kStop, &kKill, &kPause, &kRestart};

}  // namespace

std::span<const Fault* const> fault_catalogue() { return kCatalogue; }

const Fault& fault_of(FaultKind kind) {
  for (const Fault* fault : kCatalogue) {
    if (fault->kind() == kind) return *fault;
  }
  FAULTLINE_ENSURE(false, "every kind stands in the catalogue");
}

}  // namespace faultline::chaos
