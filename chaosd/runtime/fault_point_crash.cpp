// In the program that the crash matrix runs, never in the one that users run.
#include <csignal>
#include <cstdlib>

#include "chaosd/runtime/fault_point.hpp"

namespace faultline::chaos {

void fault_point(const std::string& name) {
  const char* wanted = std::getenv("FAULTLINE_CRASH_AT");
  if (wanted != nullptr && name == wanted) std::raise(SIGKILL);
}

}  // namespace faultline::chaos
