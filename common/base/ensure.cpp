#include "common/base/ensure.hpp"

#include <cstdio>
#include <cstdlib>

namespace faultline {

void ensure_failed(const char* condition, const char* why, const char* file, int line) {
  // Not through spdlog: the logger may be what is broken.
  std::fprintf(stderr, "%s:%d: broken promise: %s (%s)\n", file, line, why, condition);
  std::abort();
}

}  // namespace faultline
