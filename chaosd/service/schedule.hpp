#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "common/base/clock.hpp"

namespace faultline::chaos {

/// When in a week runs may happen, in UTC. A window over midnight belongs to the day on which
/// it begins.
struct ScheduleWindow {
  std::chrono::minutes from{0};  ///< After midnight, below 24 h.
  std::chrono::minutes to{0};    ///< Not `from`; before it: on the next day.
  std::array<bool, 7> days{true, true, true, true, true, true, true};  ///< Monday first.

  [[nodiscard]] std::chrono::minutes length() const;
};

/// Runs that are repeated.
struct Schedule {
  std::chrono::seconds every{0};
  std::optional<std::int64_t> times;   ///< Empty: until `not_after`, or until it is stopped.
  std::optional<WallTime> not_before;  ///< The first is not due before.
  std::optional<WallTime> not_after;   ///< All of a run is over by then, by its own times.
  std::optional<ScheduleWindow> window;
};

// All pure. `takes` is how long one run takes at most by its own times: it is due only where
// all of that lies in the window and before `not_after`.

/// The first instant at or after `earliest` at which a run may begin; empty: there is none.
[[nodiscard]] std::optional<WallTime> first_due(const Schedule& schedule,
                                                std::chrono::seconds takes, WallTime earliest);
struct NextDue {
  std::optional<WallTime> at;  ///< Empty: the schedule is over.
  std::int64_t missed = 0;     ///< Due times that have passed meanwhile; nobody makes up for them.
};
/// The next one after the one that was due at `last`; never before `now`.
[[nodiscard]] NextDue next_due(const Schedule& schedule, std::chrono::seconds takes, WallTime last,
                               WallTime now);

}  // namespace faultline::chaos
