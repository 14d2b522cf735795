#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/sql/catalog.hpp"

namespace faultline::sim::sql {

// Points and spans of time: reading, writing, calendar arithmetic.

struct Interval {
  std::int64_t months = 0;
  std::int64_t days = 0;
  std::int64_t micros = 0;
};

struct CivilTime {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
  std::int64_t micros = 0;  ///< Since midnight.
};

[[nodiscard]] CivilTime civil(Micros moment);
[[nodiscard]] Micros from_civil(const CivilTime& time);
[[nodiscard]] int weekday(Micros moment);  ///< 0 is Sunday.

/// "2026-11-23 09:26:55.69147": trailing zeros of the fraction are cut.
[[nodiscard]] std::string timestamp_text(Micros moment, bool with_zone);
/// Date, optionally time, fraction and zone (Z, +HH, +HH:MM).
[[nodiscard]] std::optional<Micros> parse_timestamp(std::string_view text);

[[nodiscard]] std::string interval_text(const Interval& interval);
/// "1h30m", "2s", "1000ms", "1 day 02:03:04", "1 mon"; a bare number counts seconds.
[[nodiscard]] std::optional<Interval> parse_interval(std::string_view text);

[[nodiscard]] Micros add(Micros moment, const Interval& interval, int sign);
/// For comparison and extract(epoch): a month counts 30 days.
[[nodiscard]] std::int64_t approximate_micros(const Interval& interval);
/// Days and the rest, as the difference of two timestamps is given.
[[nodiscard]] Interval interval_of_micros(std::int64_t micros);
/// Start of the "second", "minute", ..., "year"; nothing for another word.
[[nodiscard]] std::optional<Micros> truncate(std::string_view unit, Micros moment);

}  // namespace faultline::sim::sql
