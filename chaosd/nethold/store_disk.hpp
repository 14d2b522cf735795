#pragma once

#include <string>

#include "common/base/result.hpp"

namespace faultline::nethold {

/// The disk that `folder` is on, as the kernel counts them ("8:0"): the whole one, for limits
/// of I/O are not for partitions. `unsupported` for what is on no disk of its own. `devices`:
/// where the kernel shows block devices by number.
[[nodiscard]] Result<std::string> disk_under(const std::string& folder,
                                             const std::string& devices = "/sys/dev/block");

}  // namespace faultline::nethold
