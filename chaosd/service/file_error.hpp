#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "common/base/result.hpp"

namespace faultline::chaos {

/// "cannot write /var/lib/faultline/journal.jsonl: No space left on device", of the call that has
/// just failed.
inline Error file_error(const std::string& what, const std::string& path) {
  return {ErrorCode::unavailable, what + " " + path + ": " + std::strerror(errno)};
}

}  // namespace faultline::chaos
