#include "simulator/sql/datum.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "simulator/sql/decimal.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/json.hpp"
#include "simulator/sql/moment.hpp"
#include "simulator/sql/text.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const std::size_t from = text.find_first_not_of(kSpaces);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpaces) - from + 1);
}

std::string double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 40> buffer{};
  // The shortest text that reads back the same, in the style of Go's %g: plain up to
  // 1e21, an exponent beyond.
  const bool plain = value == 0 || (std::abs(value) < 1e21 && std::abs(value) >= 1e-5);
  const auto [end, problem] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  if (problem != std::errc{}) return std::to_string(value);
  return {buffer.data(), end};
}

std::string bytes_text(const std::string& raw) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "\\x";
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::string quoted_element(const std::string& text) {
  const bool plain = !text.empty() && lowered(text) != "null" &&
                     text.find_first_of("{},=\"\\ \t\r\n") == std::string::npos;
  if (plain) return text;
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    made += c;
  }
  return made + '"';
}

std::int64_t parse_integer(std::string_view given) {
  const std::string_view text = trimmed(given);
  std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem == std::errc{} && end == digits.data() + digits.size()) return value;
  const char* reason =
      problem == std::errc::result_out_of_range ? "value out of range" : "invalid syntax";
  throw unparsable(given, "int",
                   "strconv.ParseInt: parsing \"" + std::string(given) + "\": " + reason);
}

double parse_double(std::string_view given) {
  const std::string text(trimmed(given));
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) {
    throw unparsable(given, "float",
                     "strconv.ParseFloat: parsing \"" + std::string(given) + "\": invalid syntax");
  }
  return value;
}

bool parse_boolean(std::string_view given) {
  const std::string word = lowered(trimmed(given));
  for (const std::string_view full : {"true", "yes", "on", "1"}) {
    if (!word.empty() && full.starts_with(word) && word != "o") return true;
  }
  for (const std::string_view full : {"false", "no", "off", "0"}) {
    if (!word.empty() && full.starts_with(word) && word != "o") return false;
  }
  throw unparsable(given, "bool", "invalid bool value");
}

std::string parse_bytes(std::string_view text) {
  if (!text.starts_with("\\x")) return std::string(text);
  const std::string_view digits = text.substr(2);
  std::string raw;
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    unsigned value = 0;
    const auto [end, problem] = std::from_chars(
        digits.data() + at, digits.data() + std::min(at + 2, digits.size()), value, 16);
    if (problem != std::errc{} || end != digits.data() + at + 2) {
      throw unparsable(text, "bytes", "encoding/hex: invalid byte");
    }
    raw.push_back(static_cast<char>(value));
  }
  return raw;
}

std::string parse_uuid(std::string_view given) {
  std::string text = lowered(trimmed(given));
  bool good = text.size() == 36;
  for (std::size_t at = 0; good && at < text.size(); ++at) {
    const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
    good = dash ? text[at] == '-' : std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
  }
  if (!good) {
    throw unparsable(given, "uuid", "uuid: incorrect UUID length: " + std::string(given));
  }
  return text;
}

// The elements of '{a,"b c",NULL}'.
TextArray parse_array(std::string_view given) {
  const std::string_view text = trimmed(given);
  const auto bad = [&] { return unparsable(given, "array", "malformed array"); };
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') throw bad();
  TextArray found;
  std::size_t at = 1;
  const std::size_t end = text.size() - 1;
  if (trimmed(text.substr(1, end - 1)).empty()) return found;
  while (true) {
    std::string element;
    while (at < end && text[at] == ' ') ++at;
    if (at < end && text[at] == '"') {
      for (++at; at < end && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < end) ++at;
        element += text[at];
      }
      if (at >= end) throw bad();
      ++at;
      while (at < end && text[at] == ' ') ++at;
      found.emplace_back(std::move(element));
    } else {
      const std::size_t stop = std::min(text.find(',', at), end);
      element = std::string(trimmed(text.substr(at, stop - at)));
      if (element.empty() || element.find_first_of("{}\"") != std::string::npos) throw bad();
      if (lowered(element) == "null") {
        found.emplace_back(std::nullopt);
      } else {
        found.emplace_back(std::move(element));
      }
      at = stop;
    }
    if (at >= end) return found;
    if (text[at] != ',') throw bad();
    ++at;
  }
}

std::int64_t round_to_integer(double value) {
  if (std::isnan(value) || std::abs(value) >= 9.2233720368547758e18) {
    throw failure("22003", "integer out of range");
  }
  return static_cast<std::int64_t>(std::nearbyint(value));
}

Failure no_cast(Type from, Type to) {
  return failure("42846", "invalid cast: " + short_name(from) + " -> " + short_name(to));
}

Decimal decimal_of(const std::string& text) {
  const auto parsed = Decimal::parse(text);
  if (!parsed) throw unparsable(text, "decimal", "");
  return *parsed;
}

std::string epoch_text(Micros moment) {
  return std::to_string(moment.value / 1'000'000) + "." +
         std::to_string(1'000'000 + std::abs(moment.value % 1'000'000)).substr(1);
}

Value cast_number(const Value& value, Type from, Type to) {
  switch (to) {
    case Type::int8:
      if (from == Type::float8) return round_to_integer(std::get<double>(value));
      if (const auto whole = decimal_of(std::get<std::string>(value)).to_integer()) return *whole;
      throw failure("22003", "integer out of range");
    case Type::float8: return as_double(value, from);
    case Type::decimal:
      if (from == Type::float8) {
        const std::string text = double_text(std::get<double>(value));
        return text;
      }
      return to_text(value, from);
    case Type::boolean: return as_double(value, from) != 0;
    case Type::timestamp:
    case Type::timestamptz: return Micros{static_cast<std::int64_t>(as_double(value, from) * 1e6)};
    case Type::interval:
      return interval_text(Interval{0, 0, static_cast<std::int64_t>(as_double(value, from) * 1e6)});
    default: throw no_cast(from, to);
  }
}

Value cast_moment(Micros moment, Type from, Type to) {
  switch (to) {
    case Type::timestamp:
    case Type::timestamptz: return moment;
    case Type::int8: return moment.value / 1'000'000;
    case Type::float8: return static_cast<double>(moment.value) / 1e6;
    case Type::decimal: return epoch_text(moment);
    default: throw no_cast(from, to);
  }
}

}  // namespace

std::string to_text(const Value& value, Type type) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "t" : "f";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return double_text(*number);
  if (const auto* text = std::get_if<std::string>(&value)) {
    return type == Type::bytes ? bytes_text(*text) : *text;
  }
  if (const auto* moment = std::get_if<Micros>(&value)) {
    return timestamp_text(*moment, type == Type::timestamptz);
  }
  std::string text = "{";
  if (const auto* numbers = std::get_if<IntArray>(&value)) {
    for (const std::int64_t number : *numbers) {
      if (text.size() > 1) text += ',';
      text += std::to_string(number);
    }
  } else if (const auto* texts = std::get_if<TextArray>(&value)) {
    for (const auto& element : *texts) {
      if (text.size() > 1) text += ',';
      text += element ? quoted_element(*element) : "NULL";
    }
  } else {
    return {};
  }
  return text + '}';
}

Value from_text(std::string_view text, Type type) {
  switch (type) {
    case Type::int8: return parse_integer(text);
    case Type::text:
    case Type::name:
    case Type::unknown: return std::string(text);
    case Type::boolean: return parse_boolean(text);
    case Type::float8: return parse_double(text);
    case Type::decimal:
      if (const auto parsed = Decimal::parse(trimmed(text))) return parsed->text();
      throw unparsable(text, "decimal", "parse exponent: " + std::string(text));
    case Type::timestamp:
    case Type::timestamptz:
      if (const auto parsed = parse_timestamp(text)) return *parsed;
      throw failure("22007", "could not parse \"" + std::string(text) + "\" as type timestamp");
    case Type::interval:
      if (const auto parsed = parse_interval(text)) return interval_text(*parsed);
      throw failure("22007", "could not parse \"" + std::string(text) + "\" as type interval");
    case Type::bytes: return parse_bytes(text);
    case Type::jsonb:
      if (auto normal = json_normalized(text)) return std::move(*normal);
      throw unparsable(text, "json", "unable to decode JSON");
    case Type::uuid: return parse_uuid(text);
    case Type::int8_array:
    case Type::int2vector: {
      IntArray numbers;
      for (const auto& element : parse_array(text)) {
        if (!element) throw unsupported("NULL inside an INT8[]");
        numbers.push_back(parse_integer(*element));
      }
      return numbers;
    }
    case Type::text_array: return parse_array(text);
  }
  return Null{};
}

Value cast(const Value& value, Type from, Type to) {
  if (is_null(value) || from == to) return value;
  if (is_text(from) || from == Type::unknown) {
    return from_text(std::get<std::string>(value), to);
  }
  if (is_text(to)) {
    if (from == Type::boolean) return std::string(std::get<bool>(value) ? "true" : "false");
    return to_text(value, from);
  }
  if (from == Type::boolean) {
    const bool flag = std::get<bool>(value);
    if (to == Type::int8) return std::int64_t{flag};
    if (to == Type::float8) return flag ? 1.0 : 0.0;
    if (to == Type::decimal) return std::string(flag ? "1" : "0");
    throw no_cast(from, to);
  }
  if (is_number(from)) return cast_number(value, from, to);
  if (const auto* moment = std::get_if<Micros>(&value)) return cast_moment(*moment, from, to);
  if (from == Type::interval && is_number(to)) {
    const double seconds = static_cast<double>(approximate_micros(
                               parse_interval(std::get<std::string>(value)).value_or(Interval{}))) /
                           1e6;
    return cast(seconds, Type::float8, to);
  }
  if (from == Type::jsonb && (is_number(to) || to == Type::boolean)) {
    return from_text(std::get<std::string>(value), to);
  }
  if (is_array(from) && is_array(to)) {
    std::vector<Value> cells = elements(value);
    for (Value& cell : cells) cell = cast(cell, element_of(from), element_of(to));
    return array_from(cells, element_of(to));
  }
  if (to == Type::unknown) return value;
  throw no_cast(from, to);
}

double as_double(const Value& value, Type type) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (type == Type::decimal) return decimal_of(std::get<std::string>(value)).to_double();
  return std::numeric_limits<double>::quiet_NaN();
}

std::vector<Value> elements(const Value& array) {
  std::vector<Value> found;
  if (const auto* numbers = std::get_if<IntArray>(&array)) {
    found.assign(numbers->begin(), numbers->end());
  } else if (const auto* texts = std::get_if<TextArray>(&array)) {
    for (const auto& text : *texts) found.push_back(text ? Value(*text) : Value(Null{}));
  }
  return found;
}

Value array_from(const std::vector<Value>& values, Type element) {
  if (element == Type::int8) {
    IntArray numbers;
    for (const Value& value : values) {
      if (is_null(value)) throw unsupported("NULL inside an INT8[]");
      numbers.push_back(std::get<std::int64_t>(value));
    }
    return numbers;
  }
  TextArray texts;
  for (const Value& value : values) {
    texts.push_back(is_null(value) ? std::nullopt : std::optional(to_text(value, element)));
  }
  return texts;
}

std::partial_ordering compare(const Value& left, Type left_type, const Value& right,
                              Type right_type) {
  const auto* left_integer = std::get_if<std::int64_t>(&left);
  const auto* right_integer = std::get_if<std::int64_t>(&right);
  if (left_integer != nullptr && right_integer != nullptr) return *left_integer <=> *right_integer;
  if (is_number(left_type) && is_number(right_type)) {
    if (left_type != Type::float8 && right_type != Type::float8) {
      return Decimal::compare(decimal_of(to_text(left, left_type)),
                              decimal_of(to_text(right, right_type)));
    }
    return as_double(left, left_type) <=> as_double(right, right_type);
  }
  if (left_type == Type::interval && right_type == Type::interval) {
    const auto micros = [](const Value& value) {
      return approximate_micros(parse_interval(std::get<std::string>(value)).value_or(Interval{}));
    };
    return micros(left) <=> micros(right);
  }
  if (left.index() != right.index()) return std::partial_ordering::unordered;
  if (left < right) return std::partial_ordering::less;
  return right < left ? std::partial_ordering::greater : std::partial_ordering::equivalent;
}

int order(const Value& left, const Value& right, Type type) {
  if (is_null(left) || is_null(right)) {
    return static_cast<int>(is_null(right)) - static_cast<int>(is_null(left));
  }
  const std::partial_ordering found = compare(left, type, right, type);
  if (found == std::partial_ordering::unordered) {
    const auto* number = std::get_if<double>(&left);
    const auto* other = std::get_if<double>(&right);
    if (number != nullptr && other != nullptr) {
      return static_cast<int>(std::isnan(*other)) - static_cast<int>(std::isnan(*number));
    }
    return left.index() < right.index() ? -1 : 1;
  }
  return found < 0 ? -1 : found > 0 ? 1 : 0;
}

}  // namespace faultline::sim::sql
