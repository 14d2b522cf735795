#pragma once

#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace faultline::chaos {

/// The volume, or the directory of the Engine's machine, that a container's store is on.
struct StoreVolume {
  std::string type;    ///< "volume" or "bind", as the Engine calls it.
  std::string source;  ///< Its name, or its path on the Engine's machine.
  bool operator==(const StoreVolume&) const = default;
};

/// From GET /containers/{id}/json: what is mounted where `--store` of its command is, or
/// the only thing that is mounted writable. `unsupported` when there is none: its files
/// are then in the container itself, on the Engine's own disk. Pure.
[[nodiscard]] Result<StoreVolume> read_store_volume(std::string_view inspected);

}  // namespace faultline::chaos
