#include "simulator/sql/types.hpp"

#include <array>

namespace faultline::sim::sql {
namespace {

struct TypeFacts {
  Type type;
  std::uint32_t oid;
  std::int16_t length;
  std::string_view standard;
  std::string_view brief;
  std::string_view sql;
};

constexpr std::array kTypes{
    TypeFacts{Type::int8, 20, 8, "bigint", "int8", "INT8"},
    TypeFacts{Type::text, 25, -1, "text", "text", "STRING"},
    TypeFacts{Type::name, 19, -1, "name", "name", "NAME"},
    TypeFacts{Type::boolean, 16, 1, "boolean", "bool", "BOOL"},
    TypeFacts{Type::float8, 701, 8, "double precision", "float8", "FLOAT8"},
    TypeFacts{Type::decimal, 1700, -1, "numeric", "numeric", "DECIMAL"},
    TypeFacts{Type::timestamp, 1114, 24, "timestamp without time zone", "timestamp", "TIMESTAMP"},
    TypeFacts{Type::timestamptz, 1184, 24, "timestamp with time zone", "timestamptz",
              "TIMESTAMPTZ"},
    TypeFacts{Type::interval, 1186, 24, "interval", "interval", "INTERVAL"},
    TypeFacts{Type::bytes, 17, -1, "bytea", "bytea", "BYTES"},
    TypeFacts{Type::jsonb, 3802, -1, "jsonb", "jsonb", "JSONB"},
    TypeFacts{Type::uuid, 2950, 16, "uuid", "uuid", "UUID"},
    TypeFacts{Type::int8_array, 1016, -1, "bigint[]", "int8", "INT8[]"},
    TypeFacts{Type::text_array, 1009, -1, "text[]", "text", "STRING[]"},
    // The recorded server sends its INT2VECTOR columns as INT8[].
    TypeFacts{Type::int2vector, 1016, -1, "int2vector", "int2vector", "INT2VECTOR"},
    TypeFacts{Type::unknown, 705, 0, "unknown", "unknown", "UNKNOWN"},
};

struct TypeName {
  std::string_view name;
  Type type;
};

constexpr std::array kNames{
    TypeName{"int", Type::int8},
    TypeName{"int2", Type::int8},
    TypeName{"int4", Type::int8},
    TypeName{"int8", Type::int8},
    TypeName{"int64", Type::int8},
    TypeName{"integer", Type::int8},
    TypeName{"bigint", Type::int8},
    TypeName{"smallint", Type::int8},
    TypeName{"serial", Type::int8},
    TypeName{"oid", Type::int8},
    TypeName{"text", Type::text},
    TypeName{"string", Type::text},
    TypeName{"varchar", Type::text},
    TypeName{"char", Type::text},
    TypeName{"character", Type::text},
    TypeName{"character varying", Type::text},
    TypeName{"name", Type::name},
    TypeName{"bool", Type::boolean},
    TypeName{"boolean", Type::boolean},
    TypeName{"float", Type::float8},
    TypeName{"float4", Type::float8},
    TypeName{"float8", Type::float8},
    TypeName{"real", Type::float8},
    TypeName{"double precision", Type::float8},
    TypeName{"decimal", Type::decimal},
    TypeName{"dec", Type::decimal},
    TypeName{"numeric", Type::decimal},
    TypeName{"timestamp", Type::timestamp},
    TypeName{"timestamptz", Type::timestamptz},
    TypeName{"interval", Type::interval},
    TypeName{"bytes", Type::bytes},
    TypeName{"bytea", Type::bytes},
    TypeName{"blob", Type::bytes},
    TypeName{"json", Type::jsonb},
    TypeName{"jsonb", Type::jsonb},
    TypeName{"uuid", Type::uuid},
    TypeName{"int2vector", Type::int2vector},
};

const TypeFacts& facts(Type type) {
  for (const TypeFacts& entry : kTypes) {
    if (entry.type == type) return entry;
  }
  return kTypes.back();
}

}  // namespace

WireType wire_type(Type type) { return {facts(type).oid, facts(type).length}; }

std::optional<Type> type_from_oid(std::uint32_t oid) {
  switch (oid) {
    case 21:  // int2, int4, oid
    case 23:
    case 26: return Type::int8;
    case 700: return Type::float8;
    case 1042:  // bpchar, varchar
    case 1043: return Type::text;
    case 114: return Type::jsonb;
    case 1007: return Type::int8_array;
    case 1015: return Type::text_array;
    default: break;
  }
  for (const TypeFacts& entry : kTypes) {
    if (entry.oid == oid && oid != 705) return entry.type;
  }
  return std::nullopt;
}

std::optional<Type> type_from_name(std::string_view name) {
  const bool array = name.ends_with("[]");
  if (array) name.remove_suffix(2);
  for (const TypeName& entry : kNames) {
    if (entry.name != name) continue;
    if (!array) return entry.type;
    if (entry.type == Type::int8) return Type::int8_array;
    return is_text(entry.type) ? std::optional(Type::text_array) : std::nullopt;
  }
  return std::nullopt;
}

std::string standard_name(Type type) { return std::string(facts(type).standard); }
std::string short_name(Type type) { return std::string(facts(type).brief); }
std::string sql_name(Type type) { return std::string(facts(type).sql); }

bool is_text(Type type) { return type == Type::text || type == Type::name; }

bool is_number(Type type) {
  return type == Type::int8 || type == Type::float8 || type == Type::decimal;
}

bool is_array(Type type) {
  return type == Type::int8_array || type == Type::text_array || type == Type::int2vector;
}

Type element_of(Type array) { return array == Type::text_array ? Type::text : Type::int8; }

Type array_of(Type element) { return element == Type::int8 ? Type::int8_array : Type::text_array; }

}  // namespace faultline::sim::sql
