#include "chaosd/http/schedule_request.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "chaosd/http/body_fields.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr std::int64_t kEveryLeast = 60;
constexpr std::int64_t kEveryMost = 31 * 86'400;
constexpr std::int64_t kTimesMost = 100'000;
constexpr std::int64_t kTimeMost = 253'402'300'799'000;  // The end of the year 9999.
constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/// "09:30", and nothing else.
std::optional<std::chrono::minutes> clock_time(const std::string& text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) {
    return std::nullopt;
  }
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::minutes{hours * 60 + minutes};
}

Result<std::array<bool, 7>> days_of(const json& object, const std::string& path) {
  std::array<bool, 7> days{};
  wire::ObjectReader reader{object, path};
  const auto names = reader.texts_or_empty("days");
  if (reader.error()) return *reader.error();
  for (const auto& name : names) {
    const auto day = std::find(kDays.begin(), kDays.end(), name);
    if (day == kDays.end()) {
      return wrong_field(path, "days",
                         "has \"" + name + "\"; use mon, tue, wed, thu, fri, sat, sun");
    }
    days[static_cast<std::size_t>(day - kDays.begin())] = true;
  }
  const auto given = object.find("days");
  if (given == object.end() || given->is_null()) days.fill(true);
  if (std::none_of(days.begin(), days.end(), [](bool open) { return open; })) {
    return wrong_field(path, "days", "is empty; leave it out for every day");
  }
  return days;
}

Result<ScheduleWindow> read_window(const json& object, const std::string& path) {
  if (auto known = check_fields(object, path, {"from", "to", "days"}); !known) return known.error();
  wire::ObjectReader reader{object, path};
  const std::string from = reader.text("from");
  const std::string to = reader.text("to");
  if (reader.error()) return *reader.error();
  ScheduleWindow window;
  for (const auto& [name, text, into] :
       {std::tuple{"from", from, &window.from}, std::tuple{"to", to, &window.to}}) {
    const auto time = clock_time(text);
    if (!time)
      return wrong_field(path, name, "is \"" + text + "\"; use hours and minutes in UTC, as 09:00");
    *into = *time;
  }
  if (window.from == window.to) {
    return wrong_field(path, "to", "is the same as from; leave window out for the whole day");
  }
  auto days = days_of(object, path);
  if (!days) return days.error();
  window.days = *days;
  return window;
}

std::optional<WallTime> as_time(const std::optional<std::int64_t>& ms) {
  return ms ? std::optional{from_ms(*ms)} : std::nullopt;
}

}  // namespace

Result<Schedule> read_schedule(const json& object, const std::string& path) {
  if (auto known = check_fields(object, path,
                                {"every_s", "times", "not_before_ms", "not_after_ms", "window"});
      !known) {
    return known.error();
  }
  Schedule schedule;
  const auto every = number_in(object, path, "every_s", kEveryLeast, kEveryMost);
  if (!every) return every.error();
  if (!*every) {
    return wrong_field(path, "every_s",
                       "is missing; give " + std::to_string(kEveryLeast) + " seconds or more");
  }
  schedule.every = std::chrono::seconds{**every};
  auto times = number_in(object, path, "times", 1, kTimesMost);
  if (!times) return times.error();
  schedule.times = *times;
  const auto not_before = number_in(object, path, "not_before_ms", 0, kTimeMost);
  if (!not_before) return not_before.error();
  schedule.not_before = as_time(*not_before);
  const auto not_after = number_in(object, path, "not_after_ms", 0, kTimeMost);
  if (!not_after) return not_after.error();
  schedule.not_after = as_time(*not_after);
  if (const auto given = object.find("window"); given != object.end() && !given->is_null()) {
    auto window = read_window(*given, path + "/window");
    if (!window) return window.error();
    schedule.window = *window;
  }
  return schedule;
}

}  // namespace faultline::chaos
