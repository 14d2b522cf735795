#pragma once

#include "common/base/clock.hpp"

namespace faultline::poll {

/// How often a source is read. At rest slowly, because the cluster pays for it;
/// fast while something happens, because then somebody is looking.
struct Cadence {
  milliseconds rest;
  milliseconds fast;
  milliseconds budget;                   ///< The deadline of one read.
  milliseconds retry = milliseconds{0};  ///< The least pause after a failure.
};

/// The pause before the next read. After failures it doubles, up to twice the pause
/// at rest (while fast: up to the pause at rest), so that a dead peer is not
/// hammered and its return is still noticed soon. `jitter` in [-1, 1] moves the
/// pause after a failure by up to a tenth, so that exporters do not march in step.
[[nodiscard]] milliseconds pause_after(const Cadence& cadence, bool fast, int failures,
                                       double jitter);

}  // namespace faultline::poll
