#include "simulator/sql/moment.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace faultline::sim::sql {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kYearMax = 9999;

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  const std::int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

template <class... Arguments>
std::string print(const char* format, Arguments... arguments) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, arguments...);
  return buffer.data();
}

// "09:26:55.69147"; `micros` is not negative.
std::string clock_text(std::int64_t micros) {
  std::string text = print("%02lld:%02lld:%02lld", static_cast<long long>(micros / kHour),
                           static_cast<long long>(micros / kMinute % 60),
                           static_cast<long long>(micros / kSecond % 60));
  if (micros % kSecond != 0) {
    text += print(".%06lld", static_cast<long long>(micros % kSecond));
    while (text.back() == '0') text.pop_back();
  }
  return text;
}

// Reads numbers and separators from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0) {
      rest_.remove_prefix(1);
    }
  }
  std::optional<std::int64_t> integer() {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (problem != std::errc{}) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  // Digits after a point as microseconds; more than six are cut.
  std::int64_t fraction() {
    std::int64_t micros = 0;
    std::int64_t unit = kSecond / 10;
    while (!rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front())) != 0) {
      micros += (rest_.front() - '0') * unit;
      unit /= 10;
      rest_.remove_prefix(1);
    }
    return micros;
  }
  std::string word() {
    std::string letters;
    while (!rest_.empty() && std::isalpha(static_cast<unsigned char>(rest_.front())) != 0) {
      letters.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(rest_.front()))));
      rest_.remove_prefix(1);
    }
    return letters;
  }
  // HH:MM[:SS[.ffffff]] after the hours were read.
  std::optional<std::int64_t> clock_after(std::int64_t hours) {
    std::int64_t micros = hours * kHour;
    const auto minutes = integer();
    if (!minutes || *minutes < 0 || *minutes > 59) return std::nullopt;
    micros += *minutes * kMinute;
    if (skip(':')) {
      const auto seconds = integer();
      if (!seconds || *seconds < 0 || *seconds > 60) return std::nullopt;
      micros += *seconds * kSecond;
      if (skip('.')) micros += fraction();
    }
    return micros;
  }

 private:
  std::string_view rest_;
};

bool add_unit(Interval& total, const std::string& unit, double amount) {
  const auto micros = [&](std::int64_t size) {
    const double added = amount * static_cast<double>(size);
    if (std::abs(added) > 9e18) return false;
    total.micros += std::llround(added);
    return true;
  };
  if (std::abs(amount) > 1e12) return false;
  const auto whole = static_cast<std::int64_t>(amount);
  if (unit.empty() || unit == "s" || unit == "sec" || unit == "secs" || unit.starts_with("second"))
    return micros(kSecond);
  if (unit == "ms" || unit == "msec" || unit.starts_with("milli")) return micros(1000);
  if (unit == "us" || unit.starts_with("micro")) return micros(1);
  if (unit == "m" || unit == "min" || unit == "mins" || unit.starts_with("minute"))
    return micros(kMinute);
  if (unit == "h" || unit == "hr" || unit == "hrs" || unit.starts_with("hour"))
    return micros(kHour);
  if (unit == "d" || unit == "day" || unit == "days") {
    total.days += whole;
    amount -= static_cast<double>(whole);
    return micros(kDay);
  }
  if (unit == "w" || unit.starts_with("week")) return total.days += whole * 7, true;
  if (unit.starts_with("mon")) return total.months += whole, true;
  if (unit == "y" || unit.starts_with("year")) return total.months += whole * 12, true;
  return false;
}

}  // namespace

CivilTime civil(Micros moment) {
  const std::int64_t days = floor_divide(moment.value, kDay);
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())), moment.value - days * kDay};
}

Micros from_civil(const CivilTime& time) {
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(time.year)},
                                         std::chrono::month{static_cast<unsigned>(time.month)},
                                         std::chrono::day{static_cast<unsigned>(time.day)}};
  const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  return {static_cast<std::int64_t>(days) * kDay + time.micros};
}

int weekday(Micros moment) {
  const std::int64_t days = floor_divide(moment.value, kDay);
  return static_cast<int>(((days + 4) % 7 + 7) % 7);
}

std::string timestamp_text(Micros moment, bool with_zone) {
  const CivilTime time = civil(moment);
  return print("%04lld-%02d-%02d ", static_cast<long long>(time.year), time.month, time.day) +
         clock_text(time.micros) + (with_zone ? "+00" : "");
}

std::optional<Micros> parse_timestamp(std::string_view text) {
  Reader reader(text);
  reader.skip_spaces();
  CivilTime time;
  const auto year = reader.integer();
  if (!year || *year < 1 || *year > kYearMax || !reader.skip('-')) return std::nullopt;
  const auto month = reader.integer();
  if (!month || *month < 1 || *month > 12 || !reader.skip('-')) return std::nullopt;
  const auto day = reader.integer();
  if (!day || *day < 1 || *day > 31) return std::nullopt;
  time.year = *year;
  time.month = static_cast<int>(*month);
  time.day = static_cast<int>(*day);
  if (!reader.skip('T')) reader.skip_spaces();
  if (const auto hours = reader.integer()) {
    if (*hours < 0 || *hours > 24 || !reader.skip(':')) return std::nullopt;
    const auto micros = reader.clock_after(*hours);
    if (!micros) return std::nullopt;
    time.micros = *micros;
  }
  std::int64_t offset = 0;
  const bool east = reader.skip('+');
  if (east || reader.skip('-')) {
    const auto hours = reader.integer();
    if (!hours || std::abs(*hours) > 15) return std::nullopt;
    offset = *hours * kHour;
    if (reader.skip(':')) offset += reader.integer().value_or(0) % 60 * kMinute;
    if (!east) offset = -offset;
  } else {
    (void)reader.skip('Z');
  }
  reader.skip_spaces();
  if (!reader.at_end()) return std::nullopt;
  return Micros{from_civil(time).value - offset};
}

std::string interval_text(const Interval& interval) {
  std::string text;
  const auto part = [&](std::int64_t amount, const char* unit) {
    if (amount == 0) return;
    text += (text.empty() ? "" : " ") + std::to_string(amount) + " " + unit;
    if (std::abs(amount) != 1) text += "s";
  };
  part(interval.months / 12, "year");
  part(interval.months % 12, "mon");
  part(interval.days, "day");
  if (interval.micros != 0 || text.empty()) {
    text += text.empty() ? "" : " ";
    text += (interval.micros < 0 ? "-" : "") + clock_text(std::abs(interval.micros));
  }
  return text;
}

std::optional<Interval> parse_interval(std::string_view text) {
  Reader reader(text);
  Interval total;
  bool any = false;
  for (reader.skip_spaces(); !reader.at_end(); reader.skip_spaces()) {
    const bool negative = reader.skip('-');
    if (!negative) (void)reader.skip('+');
    const auto whole = reader.integer();
    if (!whole || *whole < 0) return std::nullopt;
    any = true;
    if (reader.skip(':')) {
      if (*whole > 1'000'000) return std::nullopt;
      const auto micros = reader.clock_after(*whole);
      if (!micros) return std::nullopt;
      total.micros += negative ? -*micros : *micros;
      continue;
    }
    double amount = static_cast<double>(*whole);
    if (reader.skip('.')) {
      amount += static_cast<double>(reader.fraction()) / static_cast<double>(kSecond);
    }
    reader.skip_spaces();
    if (!add_unit(total, reader.word(), negative ? -amount : amount)) return std::nullopt;
  }
  return any ? std::optional(total) : std::nullopt;
}

Micros add(Micros moment, const Interval& interval, int sign) {
  if (interval.months != 0) {
    CivilTime time = civil(moment);
    const std::int64_t months = time.year * 12 + time.month - 1 + sign * interval.months;
    time.year = floor_divide(months, 12);
    time.month = static_cast<int>(months - time.year * 12) + 1;
    const std::chrono::year_month_day_last last{
        std::chrono::year{static_cast<int>(time.year)} /
        std::chrono::month{static_cast<unsigned>(time.month)} / std::chrono::last};
    time.day = std::min(time.day, static_cast<int>(static_cast<unsigned>(last.day())));
    moment = from_civil(time);
  }
  return {moment.value + sign * (interval.days * kDay + interval.micros)};
}

std::int64_t approximate_micros(const Interval& interval) {
  return (interval.months * 30 + interval.days) * kDay + interval.micros;
}

Interval interval_of_micros(std::int64_t micros) { return {0, micros / kDay, micros % kDay}; }

std::optional<Micros> truncate(std::string_view unit, Micros moment) {
  CivilTime time = civil(moment);
  const auto cut = [&](std::int64_t size) { time.micros -= time.micros % size; };
  if (unit == "second") {
    cut(kSecond);
  } else if (unit == "minute") {
    cut(kMinute);
  } else if (unit == "hour") {
    cut(kHour);
  } else if (unit == "day" || unit == "month" || unit == "year") {
    time.micros = 0;
    if (unit != "day") time.day = 1;
    if (unit == "year") time.month = 1;
  } else {
    return std::nullopt;
  }
  return from_civil(time);
}

}  // namespace faultline::sim::sql
