#include "chaosd/faults/kill.hpp"

namespace faultline::chaos {

Status KillFault::apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  return runtime.kill(order.target_id, deadline);
}

}  // namespace faultline::chaos
