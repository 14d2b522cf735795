#include "chaosd/faults/restart.hpp"

namespace faultline::chaos {

Status RestartFault::apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  return runtime.stop(order.target_id, order.grace, deadline);
}

}  // namespace faultline::chaos
