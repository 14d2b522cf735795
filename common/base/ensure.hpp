#pragma once

namespace faultline {

/// Writes where and why to stderr and aborts.
[[noreturn]] void ensure_failed(const char* condition, const char* why, const char* file, int line);

}  // namespace faultline

/// For our own mistakes, never for input. Stays on in release builds: going on
/// with a broken promise in a tool that stops databases is worse than stopping.
#define FAULTLINE_ENSURE(condition, why)               \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::faultline::ensure_failed(#condition, why, __FILE__, __LINE__))
