#include "exporter/sources/cells.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace faultline::sources {

namespace {

const sql::Cell kNull;

/// Exactly `digits` digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// Milliseconds of ".123456789"; further digits are cut off. Empty text is 0.
std::optional<std::int64_t> take_fraction_ms(std::string_view text) {
  if (text.empty()) return 0;
  if (!take_char(text, '.')) return std::nullopt;
  std::int64_t ms = 0;
  std::int64_t weight = 100;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    ms += (c - '0') * weight;
    weight /= 10;
  }
  return ms;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<WallTime> parse_seconds(std::string_view text) {
  if (const auto comma = text.find(','); comma != std::string_view::npos) {
    text = text.substr(0, comma);
  }
  const auto dot = std::min(text.find('.'), text.size());
  const auto whole = parse_integer(text.substr(0, dot));
  const auto fraction = take_fraction_ms(text.substr(dot));
  constexpr std::int64_t kMost = 253402300800;  // The year 10000.
  if (!whole || !fraction || *whole < 0 || *whole > kMost) return std::nullopt;
  return from_ms(*whole * 1000 + *fraction);
}

std::optional<WallTime> parse_timestamp(std::string_view text) {
  std::array<int, 6> part{};
  constexpr std::array<std::size_t, 6> kDigits{4, 2, 2, 2, 2, 2};
  constexpr std::array<char, 6> kBefore{'\0', '-', '-', ' ', ':', ':'};
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (i > 0 && !take_char(text, kBefore[i])) return std::nullopt;
    const auto number = take_number(text, kDigits[i]);
    if (!number) return std::nullopt;
    part[i] = *number;
  }
  if (const auto zone = text.find_first_of("+Z"); zone != std::string_view::npos) {
    text = text.substr(0, zone);  // The session's time zone is UTC.
  }
  const auto fraction = take_fraction_ms(text);
  const std::chrono::year_month_day day{std::chrono::year{part[0]},
                                        std::chrono::month{static_cast<unsigned>(part[1])},
                                        std::chrono::day{static_cast<unsigned>(part[2])}};
  if (!fraction || !day.ok()) return std::nullopt;
  return WallTime{std::chrono::sys_days{day}} + std::chrono::hours{part[3]} +
         std::chrono::minutes{part[4]} + std::chrono::seconds{part[5]} + milliseconds{*fraction};
}

std::optional<std::vector<StoreId>> parse_store_ids(std::string_view text) {
  std::vector<StoreId> ids;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto id = parse_integer(text.substr(0, comma));
    if (!id || *id < 1) return std::nullopt;
    ids.push_back(StoreId{*id});
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return ids;
}

std::optional<milliseconds> parse_go_duration(std::string_view text) {
  double total_ms = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || !(number >= 0)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with("ms")) {
      total_ms += number;
      text.remove_prefix(2);
    } else if (take_char(text, 's')) {
      total_ms += number * 1000;
    } else if (take_char(text, 'm')) {
      total_ms += number * 60'000;
    } else if (take_char(text, 'h')) {
      total_ms += number * 3'600'000;
    } else {
      return std::nullopt;
    }
  }
  constexpr double kMost = 1e12;  // Some thirty years.
  if (total_ms > kMost) return std::nullopt;
  return milliseconds{static_cast<std::int64_t>(total_ms)};
}

const sql::Cell& CellReader::cell(std::size_t column) const {
  return column < row_.size() ? row_[column] : kNull;
}

void CellReader::fail(std::string_view name, const std::string& found, std::string_view expected) {
  if (error_) return;
  error_ = Error{ErrorCode::upstream, what_ + ": " + std::string{name} + " is " + found +
                                          "; expected " + std::string{expected}};
}

std::int64_t CellReader::integer(std::size_t column, std::string_view name) {
  const auto& value = cell(column);
  const auto number = value ? parse_integer(*value) : std::nullopt;
  if (!number) fail(name, value ? "\"" + *value + "\"" : "NULL", "an integer");
  return number.value_or(0);
}

std::string CellReader::text(std::size_t column, std::string_view name) {
  const auto& value = cell(column);
  if (!value) fail(name, "NULL", "text");
  return value.value_or("");
}

bool CellReader::boolean(std::size_t column, std::string_view name) {
  const auto value = maybe_boolean(column, name);
  if (!value) fail(name, "NULL", "t or f");
  return value.value_or(false);
}

WallTime CellReader::seconds(std::size_t column, std::string_view name) {
  const auto& value = cell(column);
  const auto time = value ? parse_seconds(*value) : std::nullopt;
  if (!time) fail(name, value ? "\"" + *value + "\"" : "NULL", "seconds since the epoch");
  return time.value_or(WallTime{});
}

std::optional<std::int64_t> CellReader::maybe_integer(std::size_t column, std::string_view name) {
  const auto& value = cell(column);
  if (!value) return std::nullopt;
  const auto number = parse_integer(*value);
  if (!number) fail(name, "\"" + *value + "\"", "an integer");
  return number;
}

std::optional<std::string> CellReader::maybe_text(std::size_t column) { return cell(column); }

std::optional<bool> CellReader::maybe_boolean(std::size_t column, std::string_view name) {
  const auto& value = cell(column);
  if (!value) return std::nullopt;
  if (*value == "t" || *value == "true") return true;
  if (*value == "f" || *value == "false") return false;
  fail(name, "\"" + *value + "\"", "t or f");
  return std::nullopt;
}

std::optional<WallTime> CellReader::maybe_timestamp(std::size_t column, std::string_view name) {
  const auto& value = cell(column);
  if (!value) return std::nullopt;
  const auto time = parse_timestamp(*value);
  if (!time) fail(name, "\"" + *value + "\"", "a timestamp");
  return time;
}

}  // namespace faultline::sources
