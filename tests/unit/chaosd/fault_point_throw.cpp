// Stands in for the program's fault points in unit tests: there a death is an exception.
#include "chaosd/runtime/fault_point.hpp"
#include "tests/unit/chaosd/fake_world.hpp"

namespace faultline::chaos {

std::string& crash_at() {
  static std::string name;
  return name;
}

void fault_point(const std::string& name) {
  if (name != crash_at()) return;
  crash_at().clear();
  throw Crash{};
}

}  // namespace faultline::chaos
