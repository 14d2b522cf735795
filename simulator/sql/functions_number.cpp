#include <chrono>
#include <cmath>

#include "simulator/sql/datum.hpp"
#include "simulator/sql/decimal.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/functions.hpp"
#include "simulator/sql/moment.hpp"
#include "simulator/sql/types.hpp"

// Functions on numbers and times.

namespace faultline::sim::sql {
namespace {

using Types = std::vector<Type>;

double real(const Arguments& values, std::size_t at) { return std::get<double>(values[at]); }

Decimal exact(const Arguments& values, std::size_t at) {
  const auto parsed = Decimal::parse(std::get<std::string>(values[at]));
  if (!parsed) throw failure("22003", "decimal out of range");
  return *parsed;
}

Function on_real(std::string_view name, double (*apply)(double)) {
  return {name,
          {Type::float8},
          Type::float8,
          [apply](Runtime&, const Arguments& values, const Types&) -> Value {
            return apply(real(values, 0));
          }};
}

Value round_exact(Runtime&, const Arguments& values, const Types&) {
  const std::int64_t digits = values.size() > 1 ? std::get<std::int64_t>(values[1]) : 0;
  if (digits < 0 || digits > 30) throw failure("22023", "round(): digits out of range");
  return exact(values, 0).rounded(static_cast<int>(digits)).text();
}

Value round_real(Runtime&, const Arguments& values, const Types&) {
  if (values.size() == 1) return std::nearbyint(real(values, 0));
  const double scale = std::pow(10.0, static_cast<double>(std::get<std::int64_t>(values[1])));
  const double scaled = std::round(real(values, 0) * scale);
  return std::isfinite(scaled) ? scaled / scale : real(values, 0);
}

// Down (-1) or up (+1) to the next whole number.
Value whole(const Arguments& values, int direction) {
  const Decimal value = exact(values, 0);
  const Decimal near = value.rounded(0);
  const bool past =
      direction < 0 ? Decimal::compare(near, value) > 0 : Decimal::compare(near, value) < 0;
  return (past ? *Decimal::add(near, Decimal(direction)) : near).text();
}

Value absolute(Runtime&, const Arguments& values, const Types& types) {
  if (types[0] == Type::int8) {
    const std::int64_t value = std::get<std::int64_t>(values[0]);
    if (value == INT64_MIN) throw failure("22003", "abs of min integer value not defined");
    return std::abs(value);
  }
  if (types[0] == Type::float8) return std::abs(real(values, 0));
  const std::string& text = std::get<std::string>(values[0]);
  return text.starts_with('-') ? text.substr(1) : text;
}

double part_of(const std::string& field, Micros moment) {
  const CivilTime time = civil(moment);
  const auto seconds = static_cast<double>(time.micros) / 1e6;
  if (field == "epoch") return static_cast<double>(moment.value) / 1e6;
  if (field == "year") return static_cast<double>(time.year);
  if (field == "month") return time.month;
  if (field == "day") return time.day;
  if (field == "hour") return std::floor(seconds / 3600);
  if (field == "minute") return std::fmod(std::floor(seconds / 60), 60);
  if (field == "second") return std::fmod(seconds, 60);
  if (field == "millisecond") return std::fmod(seconds, 60) * 1e3;
  if (field == "microsecond") return std::fmod(seconds, 60) * 1e6;
  if (field == "dow" || field == "dayofweek") return weekday(moment);
  throw failure("22023", "unsupported timespan: " + field);
}

std::string singular(std::string field) {
  if (field.size() > 1 && field.back() == 's') field.pop_back();
  return field;
}

Value extract_moment(Runtime&, const Arguments& values, const Types&) {
  return part_of(singular(std::get<std::string>(values[0])), std::get<Micros>(values[1]));
}

Value extract_interval(Runtime&, const Arguments& values, const Types&) {
  const std::string field = singular(std::get<std::string>(values[0]));
  const Interval span = parse_interval(std::get<std::string>(values[1])).value_or(Interval{});
  const double seconds = static_cast<double>(span.micros) / 1e6;
  if (field == "epoch") return static_cast<double>(approximate_micros(span)) / 1e6;
  if (field == "day") return static_cast<double>(span.days);
  if (field == "month") return static_cast<double>(span.months % 12);
  if (field == "year") return static_cast<double>(span.months / 12);
  if (field == "hour") return std::trunc(seconds / 3600);
  if (field == "minute") return std::fmod(std::trunc(seconds / 60), 60);
  if (field == "second") return std::fmod(seconds, 60);
  throw failure("22023", "unsupported timespan: " + field);
}

Value date_trunc(Runtime&, const Arguments& values, const Types&) {
  const std::string unit = singular(std::get<std::string>(values[0]));
  if (const auto cut = truncate(unit, std::get<Micros>(values[1]))) return *cut;
  throw failure("22023", "unsupported timespan: " + unit);
}

Value read_clock(Runtime&, const Arguments&, const Types&) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return Micros{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

std::vector<Function> time_functions() {
  const auto now = [](Runtime& runtime, const Arguments&, const Types&) -> Value {
    return runtime.now;
  };
  std::vector<Function> list{{"now", {}, Type::timestamptz, now},
                             {"current_timestamp", {}, Type::timestamptz, now},
                             {"transaction_timestamp", {}, Type::timestamptz, now},
                             {"statement_timestamp", {}, Type::timestamptz, now},
                             {"localtimestamp", {}, Type::timestamp, now},
                             {"clock_timestamp", {}, Type::timestamptz, read_clock},
                             {"to_timestamp",
                              {Type::float8},
                              Type::timestamptz,
                              [](Runtime&, const Arguments& values, const Types&) -> Value {
                                return cast(values[0], Type::float8, Type::timestamptz);
                              }}};
  for (const std::string_view name : {"extract", "date_part"}) {
    list.push_back({name, {Type::text, Type::timestamptz}, Type::float8, extract_moment});
    list.push_back({name, {Type::text, Type::interval}, Type::float8, extract_interval});
  }
  for (const Type type : {Type::timestamptz, Type::timestamp}) {
    list.push_back({"date_trunc", {Type::text, type}, type, date_trunc});
  }
  return list;
}

std::vector<Function> make_number_list() {
  const auto integer_itself = [](Runtime&, const Arguments& values, const Types&) {
    return values[0];
  };
  const auto floor_exact = [](Runtime&, const Arguments& values, const Types&) {
    return whole(values, -1);
  };
  const auto ceil_exact = [](Runtime&, const Arguments& values, const Types&) {
    return whole(values, 1);
  };
  const auto power = [](Runtime&, const Arguments& values, const Types&) -> Value {
    return std::pow(real(values, 0), real(values, 1));
  };
  std::vector<Function> list{
      {"abs", {Type::int8}, Type::int8, absolute},
      {"abs", {Type::float8}, Type::float8, absolute},
      {"abs", {Type::decimal}, Type::decimal, absolute},
      {"round", {Type::float8, Type::int8}, Type::float8, round_real, false, false, 1},
      {"round", {Type::decimal, Type::int8}, Type::decimal, round_exact, false, false, 1},
      {"floor", {Type::decimal}, Type::decimal, floor_exact},
      {"floor", {Type::int8}, Type::int8, integer_itself},
      {"ceil", {Type::decimal}, Type::decimal, ceil_exact},
      {"ceil", {Type::int8}, Type::int8, integer_itself},
      {"ceiling", {Type::decimal}, Type::decimal, ceil_exact},
      {"pow", {Type::float8, Type::float8}, Type::float8, power},
      {"power", {Type::float8, Type::float8}, Type::float8, power},
      on_real("floor", std::floor),
      on_real("ceil", std::ceil),
      on_real("ceiling", std::ceil),
      on_real("sqrt", std::sqrt),
      on_real("ln", std::log)};
  for (Function& function : time_functions()) list.push_back(std::move(function));
  return list;
}

}  // namespace

const std::vector<Function>& number_functions() {
  static const std::vector<Function> list = make_number_list();
  return list;
}

}  // namespace faultline::sim::sql
