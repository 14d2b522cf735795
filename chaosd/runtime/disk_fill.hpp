#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::chaos {

/// A file without a name that takes the room of the file system a target's store is on.
struct DiskFill {
  /// Free room that stays, in units of 1024 * 1024 bytes, blocks that are reserved for
  /// root among it: a node in a container runs as root.
  std::int64_t leave_mb = 0;
  bool operator==(const DiskFill&) const = default;
};

/// Of a disk that others write to as well, the Engine's own among them, as much stays.
inline constexpr std::int64_t kSharedDiskFloorMb = 10 * 1024;

/// The fill as arguments of the helper, and back.
[[nodiscard]] std::vector<std::string> to_arguments(const DiskFill& fill);
[[nodiscard]] Result<DiskFill> read_fill_arguments(const std::vector<std::string>& arguments);

}  // namespace faultline::chaos
