#include "chaosd/service/schedule.hpp"

#include <gtest/gtest.h>

namespace faultline::chaos {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

// 2027-01-04 is a Monday.
constexpr std::chrono::sys_days kMonday{std::chrono::year{2027} / 1 / 4};

WallTime at(int day, std::chrono::seconds time) { return kMonday + days{day} + time; }

ScheduleWindow window(std::chrono::minutes from, std::chrono::minutes to) {
  ScheduleWindow made;
  made.from = from;
  made.to = to;
  return made;
}

Schedule every(std::chrono::seconds time) {
  Schedule schedule;
  schedule.every = time;
  return schedule;
}

TEST(ScheduleTimes, WithoutAWindowTheFirstIsDueAtOnceOrFromTheStart) {
  Schedule schedule = every(60s);
  EXPECT_EQ(first_due(schedule, 10s, at(0, 8h)), at(0, 8h));
  schedule.not_before = at(1, 9h);
  EXPECT_EQ(first_due(schedule, 10s, at(0, 8h)), at(1, 9h));
  EXPECT_EQ(first_due(schedule, 10s, at(2, 8h)), at(2, 8h));
}

TEST(ScheduleTimes, ARunIsOverBeforeTheEnd) {
  Schedule schedule = every(60s);
  schedule.not_after = at(0, 9h);
  EXPECT_EQ(first_due(schedule, 60s, at(0, 8h + 59min)), at(0, 8h + 59min));
  EXPECT_EQ(first_due(schedule, 61s, at(0, 8h + 59min)), std::nullopt);
}

TEST(ScheduleTimes, OutsideOfTheWindowItWaitsUntilItOpens) {
  Schedule schedule = every(60s);
  schedule.window = window(9h, 17h);
  EXPECT_EQ(first_due(schedule, 60s, at(0, 8h)), at(0, 9h));
  EXPECT_EQ(first_due(schedule, 60s, at(0, 12h)), at(0, 12h));
  EXPECT_EQ(first_due(schedule, 60s, at(0, 16h + 59min)), at(0, 16h + 59min));
  EXPECT_EQ(first_due(schedule, 61s, at(0, 16h + 59min)), at(1, 9h)) << "it would not be over";
  EXPECT_EQ(first_due(schedule, 9h, at(0, 8h)), std::nullopt) << "longer than the window";
}

TEST(ScheduleTimes, OnlyOnItsDays) {
  Schedule schedule = every(60s);
  schedule.window = window(9h, 17h);
  schedule.window->days = {false, false, true, false, false, false, false};
  EXPECT_EQ(first_due(schedule, 60s, at(0, 12h)), at(2, 9h));
  EXPECT_EQ(first_due(schedule, 60s, at(2, 17h)), at(9, 9h));
}

TEST(ScheduleTimes, AWindowOverMidnightBelongsToTheDayOnWhichItBegins) {
  Schedule schedule = every(60s);
  schedule.window = window(23h, 2h);
  schedule.window->days = {true, false, false, false, false, false, false};
  EXPECT_EQ(schedule.window->length(), 3h);
  EXPECT_EQ(first_due(schedule, 60s, at(0, 1h)), at(0, 23h)) << "that night is Sunday's";
  EXPECT_EQ(first_due(schedule, 60s, at(1, 1h)), at(1, 1h)) << "and this one Monday's";
  EXPECT_EQ(first_due(schedule, 60s, at(1, 1h + 59min)), at(1, 1h + 59min));
  EXPECT_EQ(first_due(schedule, 60s, at(1, 2h)), at(7, 23h));
}

TEST(ScheduleTimes, TheNextOneIsDueAfterTheOneBefore) {
  const auto next = next_due(every(60s), 10s, at(0, 8h), at(0, 8h));
  EXPECT_EQ(next.at, at(0, 8h + 1min));
  EXPECT_EQ(next.missed, 0);
}

TEST(ScheduleTimes, WhatHasPassedIsCountedAndNotMadeUpFor) {
  const auto next = next_due(every(60s), 10s, at(0, 8h), at(0, 8h + 3min + 1s));
  EXPECT_EQ(next.at, at(0, 8h + 4min)) << "they keep their minutes";
  EXPECT_EQ(next.missed, 3);
}

TEST(ScheduleTimes, TheNextOneOfADayIsMovedIntoTheWindow) {
  Schedule daily = every(24h);
  daily.window = window(9h, 17h);
  EXPECT_EQ(next_due(daily, 60s, at(0, 12h), at(0, 12h)).at, at(1, 12h));
  Schedule often = every(5h);
  often.window = window(9h, 17h);
  EXPECT_EQ(next_due(often, 60s, at(0, 12h), at(0, 12h)).at, at(1, 9h));
}

TEST(ScheduleTimes, AScheduleEnds) {
  Schedule schedule = every(60s);
  schedule.not_after = at(0, 8h + 2min);
  EXPECT_EQ(next_due(schedule, 10s, at(0, 8h), at(0, 8h)).at, at(0, 8h + 1min));
  EXPECT_EQ(next_due(schedule, 10s, at(0, 8h + 1min), at(0, 8h + 1min)).at, std::nullopt);
}

}  // namespace
}  // namespace faultline::chaos
