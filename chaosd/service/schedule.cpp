#include "chaosd/service/schedule.hpp"

#include <algorithm>

namespace faultline::chaos {

namespace {

using namespace std::chrono_literals;
using Days = std::chrono::days;
using Day = std::chrono::sys_days;

// A day counts from its midnight; a week and a day hold every window that there is.
constexpr int kDaysAhead = 8;

bool is_open_on(const ScheduleWindow& window, Day day) {
  const std::chrono::weekday weekday{day};
  return window.days[weekday.iso_encoding() - 1];
}

/// The first instant from `earliest` on from which all of a run lies in a window.
std::optional<WallTime> in_window(const ScheduleWindow& window, std::chrono::seconds takes,
                                  WallTime earliest) {
  if (takes > window.length()) return std::nullopt;
  // The window of yesterday may still be open.
  const Day today = std::chrono::floor<Days>(earliest);
  for (Day day = today - Days{1}; day <= today + Days{kDaysAhead}; day += Days{1}) {
    if (!is_open_on(window, day)) continue;
    const WallTime opens = day + window.from;
    const WallTime last = opens + window.length() - takes;
    if (last >= earliest) return std::max(opens, earliest);
  }
  return std::nullopt;
}

}  // namespace

std::chrono::minutes ScheduleWindow::length() const {
  return to > from ? to - from : to - from + 24h;
}

std::optional<WallTime> first_due(const Schedule& schedule, std::chrono::seconds takes,
                                  WallTime earliest) {
  if (schedule.not_before) earliest = std::max(earliest, *schedule.not_before);
  const auto due =
      schedule.window ? in_window(*schedule.window, takes, earliest) : std::optional{earliest};
  if (due && schedule.not_after && *due + takes > *schedule.not_after) return std::nullopt;
  return due;
}

NextDue next_due(const Schedule& schedule, std::chrono::seconds takes, WallTime last,
                 WallTime now) {
  NextDue next;
  WallTime from = last;
  // One step for each that was missed: a year of minutes is half a million cheap steps, once.
  for (;;) {
    next.at = first_due(schedule, takes, from + schedule.every);
    if (!next.at || *next.at >= now) return next;
    next.missed += 1;
    from = *next.at;
  }
}

}  // namespace faultline::chaos
