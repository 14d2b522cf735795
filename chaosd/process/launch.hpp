#pragma once

#include "chaosd/process/process_file.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

/// Starts the program of `spec` as a process that outlives this one and is not its
/// child: in a session of its own, with /dev/null as input, its log as output and
/// no other open file. Its pid is in the pid file before it runs. Returns when the
/// program has been executed. `upstream` says which step failed and why.
[[nodiscard]] Status launch(const ProcessSpec& spec, Deadline deadline);

}  // namespace faultline::chaos
