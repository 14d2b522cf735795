#include "common/cluster/impact.hpp"

#include "common/base/ensure.hpp"

namespace faultline {

std::string_view to_string(ImpactFault value) {
  switch (value) {
    case ImpactFault::kill: return "kill";
    case ImpactFault::stop: return "stop";
    case ImpactFault::pause: return "pause";
    case ImpactFault::partition: return "partition";
    case ImpactFault::isolate: return "isolate";
  }
  FAULTLINE_ENSURE(false, "an enumerator of the type");
}

std::string_view to_string(RangeLoss value) {
  switch (value) {
    case RangeLoss::quorum: return "quorum";
    case RangeLoss::lease: return "lease";
    case RangeLoss::replica: return "replica";
  }
  FAULTLINE_ENSURE(false, "an enumerator of the type");
}

std::optional<ImpactFault> parse_impact_fault(std::string_view text) {
  for (const auto fault : {ImpactFault::kill, ImpactFault::stop, ImpactFault::pause,
                           ImpactFault::partition, ImpactFault::isolate}) {
    if (to_string(fault) == text) return fault;
  }
  return std::nullopt;
}

}  // namespace faultline
