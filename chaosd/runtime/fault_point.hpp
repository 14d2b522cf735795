#pragma once

#include <string>

namespace faultline::chaos {

/// A place at which a test may end chaosd as SIGKILL would: "before:active" and
/// "after:active" stand around the journal's record of that state, "hold:created" and
/// "hold:started" between the steps of laying down a network fault. Does nothing in the
/// program that users run; which of the two it is, the linker is told (chaosd/CMakeLists).
void fault_point(const std::string& name);

}  // namespace faultline::chaos
