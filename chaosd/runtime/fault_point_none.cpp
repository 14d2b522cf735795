#include "chaosd/runtime/fault_point.hpp"

namespace faultline::chaos {

void fault_point(const std::string& /*name*/) {}

}  // namespace faultline::chaos
