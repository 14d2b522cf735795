#include "common/poll/cadence.hpp"

#include <algorithm>

namespace faultline::poll {

milliseconds pause_after(const Cadence& cadence, bool fast, int failures, double jitter) {
  const auto base = fast ? cadence.fast : cadence.rest;
  if (failures == 0) return base;
  const auto most = std::max(fast ? cadence.rest : cadence.rest * 2, cadence.retry);
  auto pause = std::max(base, cadence.retry);
  for (int i = 1; i < failures && pause < most; ++i) pause *= 2;
  // The jitter only shortens at the limit: never later than promised.
  const auto moved = static_cast<double>(pause.count()) * (1.0 + 0.1 * jitter);
  return std::min(milliseconds{static_cast<std::int64_t>(moved)}, most);
}

}  // namespace faultline::poll
