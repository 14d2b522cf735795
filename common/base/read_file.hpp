#pragma once

#include <string>

#include "common/base/result.hpp"

namespace faultline {

/// The whole content of a small file. Not a std::ifstream: its buffer throws when a
/// read fails (a folder, or /proc of a process that ends at this moment), whatever
/// the exception mask of the stream says. Fails with `not_found` or `unavailable`.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace faultline
