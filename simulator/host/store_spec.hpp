#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::sim::host {

/// What one --store says.
struct StoreSpec {
  std::string path;  ///< Empty: in memory, so that every start is the first.
  std::vector<std::string> attributes;
  std::optional<std::int64_t> size;  ///< Bytes; none: the whole disk.
};

/// "DIR" or "path=DIR,attrs=ssd:x,size=20GiB" or "type=mem,size=1GiB", as cockroach takes it.
/// An Error says what would do.
[[nodiscard]] Result<StoreSpec> parse_store(const std::string& text);

}  // namespace faultline::sim::host
