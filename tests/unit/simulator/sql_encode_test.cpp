#include "simulator/sql/encode.hpp"

#include <gtest/gtest.h>

#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

using namespace std::string_literals;

std::string wire(const Value& value, Type type, Format format = Format::binary) {
  const auto encoded = encode(value, type, format);
  if (const auto* error = std::get_if<SqlError>(&encoded)) return "ERROR " + error->sqlstate;
  return std::get<std::optional<std::string>>(encoded).value_or("NULL");
}

// The bytes are those of the recorded server.
TEST(Encode, BinaryIsAsRecorded) {
  EXPECT_EQ(wire(std::int64_t{1}, Type::int8), "\0\0\0\0\0\0\0\1"s);
  EXPECT_EQ(wire(true, Type::boolean), "\1"s);
  EXPECT_EQ(wire("[]"s, Type::jsonb), "\x01[]"s);
  EXPECT_EQ(wire(Micros{1795426002173583}, Type::timestamp), "\x00\x03\x03\xec\xf5\xdc\x9e\x8f"s);
  EXPECT_EQ(wire("\x04\0l"s, Type::bytes), "\x04\0l"s);
  EXPECT_EQ(wire(1.5, Type::float8), "\x3f\xf8\0\0\0\0\0\0"s);
  EXPECT_EQ(wire(IntArray{7}, Type::int8_array),
            "\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0\1\0\0\0\1\0\0\0\x08\0\0\0\0\0\0\0\7"s);
  EXPECT_EQ(wire(TextArray{"a", std::nullopt}, Type::text_array),
            "\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\1a\xff\xff\xff\xff"s);
  EXPECT_EQ(wire(IntArray{}, Type::int8_array), "\0\0\0\0\0\0\0\0\0\0\0\x14"s);
  EXPECT_EQ(wire(Null{}, Type::int8), "NULL");
  EXPECT_EQ(wire("1.5"s, Type::decimal), "ERROR 0A000");
  EXPECT_EQ(wire("text"s, Type::int8), "ERROR XX000");
}

TEST(Encode, TextIsAsRecorded) {
  const auto text = [](const Value& value, Type type) { return wire(value, type, Format::text); };
  EXPECT_EQ(text(false, Type::boolean), "f");
  EXPECT_EQ(text(1e300, Type::float8), "1e+300");
  EXPECT_EQ(text(22.0, Type::float8), "22");
  EXPECT_EQ(text(1070.17333253885, Type::float8), "1070.17333253885");
  EXPECT_EQ(text(Micros{1795426002100000}, Type::timestamp), "2026-11-23 09:26:42.1");
  EXPECT_EQ(text(Micros{1795426002173583}, Type::timestamptz), "2026-11-23 09:26:42.173583+00");
  EXPECT_EQ(text("\0\xff"s, Type::bytes), "\\x00ff");
  EXPECT_EQ(text(IntArray{1, 2, 3}, Type::int2vector), "{1,2,3}");
  EXPECT_EQ(text(TextArray{"region=local,zone=z1", "a b", "c", "d,e", "q\"r", std::nullopt, ""},
                 Type::text_array),
            "{\"region=local,zone=z1\",\"a b\",c,\"d,e\",\"q\\\"r\",NULL,\"\"}");
}

TEST(Decode, ReadsParametersInBothFormats) {
  const auto read = [](std::string_view raw, Type type, Format format) {
    return std::get<Value>(decode(raw, type, format, 1));
  };
  EXPECT_EQ(read("12", Type::int8, Format::text), Value(std::int64_t{12}));
  EXPECT_EQ(read("\xff\xff\xff\xfe"s, Type::int8, Format::binary), Value(std::int64_t{-2}));
  EXPECT_EQ(read("\0\1"s, Type::int8, Format::binary), Value(std::int64_t{1}));
  EXPECT_EQ(read("\1", Type::boolean, Format::binary), Value(true));
  EXPECT_EQ(read("hi", Type::text, Format::binary), Value("hi"s));
  EXPECT_EQ(std::get<Value>(decode(std::nullopt, Type::int8, Format::text, 1)), Value(Null{}));
}

TEST(Decode, RefusesWhatDoesNotFit) {
  EXPECT_EQ(std::get<SqlError>(decode("abc", Type::int8, Format::text, 2)).sqlstate, "22P02");
  EXPECT_EQ(std::get<SqlError>(decode("abc", Type::int8, Format::binary, 2)).sqlstate, "22P03");
  EXPECT_EQ(std::get<SqlError>(decode("", Type::boolean, Format::binary, 2)).sqlstate, "22P03");
}

TEST(WireTypes, AreThoseOfTheRecordedRowDescriptions) {
  EXPECT_EQ(wire_type(Type::timestamp).oid, 1114U);
  EXPECT_EQ(wire_type(Type::timestamp).length, 24);
  EXPECT_EQ(wire_type(Type::int8_array).oid, 1016U);
  EXPECT_EQ(wire_type(Type::text_array).oid, 1009U);
  EXPECT_EQ(wire_type(Type::jsonb).oid, 3802U);
  EXPECT_EQ(wire_type(Type::unknown).oid, 705U);
  EXPECT_EQ(wire_type(Type::unknown).length, 0);
  EXPECT_EQ(wire_type(Type::int2vector).oid, 1016U) << "crdb_internal.ranges as recorded";
}

}  // namespace
}  // namespace faultline::sim::sql
