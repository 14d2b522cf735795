#include "simulator/sql/encode.hpp"

#include <bit>

#include "simulator/sql/datum.hpp"
#include "simulator/sql/failure.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

// Timestamps count from 2000-01-01 on the wire.
constexpr std::int64_t kEpochShift = 946'684'800'000'000;

std::string integer(std::int64_t value, int bytes = 8) {
  std::string out;
  append_integer(out, static_cast<std::uint64_t>(value), bytes);
  return out;
}

std::string array_binary(const Value& value, Type type) {
  const std::vector<Value> cells = elements(value);
  bool has_null = false;
  for (const Value& cell : cells) has_null = has_null || is_null(cell);
  std::string out;
  append_integer(out, cells.empty() ? 0 : 1, 4);  // Dimensions.
  append_integer(out, has_null ? 1 : 0, 4);
  append_integer(out, wire_type(element_of(type)).oid, 4);
  if (cells.empty()) return out;
  append_integer(out, cells.size(), 4);
  append_integer(out, 1, 4);  // Lower bound.
  for (const Value& cell : cells) {
    if (is_null(cell)) {
      append_integer(out, 0xFFFFFFFFU, 4);
      continue;
    }
    const auto* number = std::get_if<std::int64_t>(&cell);
    const std::string raw = number != nullptr ? integer(*number) : std::get<std::string>(cell);
    append_integer(out, raw.size(), 4);
    out += raw;
  }
  return out;
}

std::string uuid_binary(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (c != '-') digits += c;
  }
  return std::get<std::string>(from_text("\\x" + digits, Type::bytes));
}

std::optional<std::string> binary(const Value& value, Type type) {
  switch (type) {
    case Type::boolean: return std::string(1, std::get<bool>(value) ? '\1' : '\0');
    case Type::int8: return integer(std::get<std::int64_t>(value));
    case Type::float8:
      return integer(
          static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(std::get<double>(value))));
    case Type::timestamp:
    case Type::timestamptz: return integer(std::get<Micros>(value).value - kEpochShift);
    case Type::jsonb: return '\1' + std::get<std::string>(value);
    case Type::text:
    case Type::name:
    case Type::bytes:
    case Type::unknown: return std::get<std::string>(value);
    case Type::uuid: return uuid_binary(std::get<std::string>(value));
    case Type::int8_array:
    case Type::text_array:
    case Type::int2vector: return array_binary(value, type);
    case Type::decimal:
    case Type::interval: return std::nullopt;
  }
  return std::nullopt;
}

SqlError bad_binary(Type type, std::size_t number) {
  return failure("22P03", "error in argument for $" + std::to_string(number) +
                              ": cannot read binary " + short_name(type))
      .error;
}

std::int64_t extended(std::string_view raw) {
  const std::uint64_t bits = read_integer(raw);
  if (raw.size() == 2) return static_cast<std::int16_t>(bits);
  if (raw.size() == 4) return static_cast<std::int32_t>(bits);
  return static_cast<std::int64_t>(bits);
}

SqlResult<Value> decode_binary(std::string_view raw, Type type, std::size_t number) {
  switch (type) {
    case Type::boolean:
      if (raw.size() != 1) return bad_binary(type, number);
      return Value(raw[0] != '\0');
    case Type::int8:
      if (raw.size() != 2 && raw.size() != 4 && raw.size() != 8) return bad_binary(type, number);
      return Value(extended(raw));
    case Type::float8:
      if (raw.size() == 4) {
        const auto bits = static_cast<std::uint32_t>(read_integer(raw));
        return Value(static_cast<double>(std::bit_cast<float>(bits)));
      }
      if (raw.size() != 8) return bad_binary(type, number);
      return Value(std::bit_cast<double>(read_integer(raw)));
    case Type::timestamp:
    case Type::timestamptz: {
      std::int64_t micros = 0;
      if (raw.size() != 8 || __builtin_add_overflow(extended(raw), kEpochShift, &micros)) {
        return bad_binary(type, number);
      }
      return Value(Micros{micros});
    }
    case Type::text:
    case Type::name:
    case Type::bytes: return Value(std::string(raw));
    default: return bad_binary(type, number);
  }
}

}  // namespace

void append_integer(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU));
  }
}

std::uint64_t read_integer(std::string_view raw) {
  std::uint64_t value = 0;
  for (const char c : raw) value = (value << 8U) | static_cast<unsigned char>(c);
  return value;
}

SqlResult<std::optional<std::string>> encode(const Value& value, Type type, Format format) {
  if (is_null(value)) return std::optional<std::string>();
  if (format == Format::text) return std::optional(to_text(value, type));
  try {
    if (auto raw = binary(value, type)) return raw;
  } catch (const std::bad_variant_access&) {  // A table gave a cell that is not of its type.
    return failure("XX000", "a " + short_name(type) + " column holds something else").error;
  }
  return unsupported("the binary format of " + short_name(type)).error;
}

SqlResult<Value> decode(const std::optional<std::string_view>& raw, Type type, Format format,
                        std::size_t number) {
  if (!raw) return Value(Null{});
  if (format == Format::binary) return decode_binary(*raw, type, number);
  try {
    return from_text(*raw, type);
  } catch (const Failure& thrown) {
    SqlError error = thrown.error;
    error.message = "error in argument for $" + std::to_string(number) + ": " + error.message;
    return error;
  }
}

}  // namespace faultline::sim::sql
