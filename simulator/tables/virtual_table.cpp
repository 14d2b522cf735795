#include "simulator/tables/virtual_table.hpp"

#include "common/base/ensure.hpp"
#include "simulator/cluster/layout.hpp"

#include <array>

namespace faultline::sim::tables {
namespace {

using sql::Type;

Type type_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Type>, 12> kTypes = {{
      {"int8", Type::int8},
      {"text", Type::text},
      {"name", Type::name},
      {"bool", Type::boolean},
      {"float8", Type::float8},
      {"timestamp", Type::timestamp},
      {"bytes", Type::bytes},
      {"jsonb", Type::jsonb},
      {"int8[]", Type::int8_array},
      {"text[]", Type::text_array},
      {"int2vector", Type::int2vector},
      {"decimal", Type::decimal},
  }};
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  FAULTLINE_ENSURE(false, "a schema in the source names a known type");
  return Type::text;
}

SqlError read_only(const TableSchema& schema) {
  return {"42809", "\"" + schema.name + "\" is a virtual object and cannot be modified"};
}

}  // namespace

SqlResult<std::int64_t> VirtualTable::upsert(const Context& /*context*/,
                                             const std::vector<Row>& /*rows*/,
                                             bool /*must_be_new*/) {
  return read_only(schema_);
}

SqlResult<std::int64_t> VirtualTable::erase(const Context& /*context*/,
                                            const std::vector<Row>& /*rows*/) {
  return read_only(schema_);
}

TableSchema make_schema(std::string_view schema, std::string_view name, std::uint32_t oid,
                        std::string_view columns) {
  TableSchema made{std::string(schema), std::string(name), oid, {}, {}};
  while (!columns.empty()) {
    const auto comma = columns.find(", ");
    std::string_view each = columns.substr(0, comma);
    columns = comma == std::string_view::npos ? std::string_view() : columns.substr(comma + 2);
    const bool nullable = each.ends_with('?');
    if (nullable) each.remove_suffix(1);
    const auto space = each.find(' ');
    made.columns.push_back(
        {std::string(each.substr(0, space)), type_named(each.substr(space + 1)), nullable});
  }
  return made;
}

SqlError wait_error(cluster::WaitEnd end) {
  if (end == cluster::WaitEnd::cancelled) {
    return {"57014", "query execution canceled", "", "", "cancel_checker.go", 67, "init"};
  }
  return {"57014", "query execution canceled due to statement timeout", "", "", "errors.go", 254,
          "init"};
}

cluster::Patience patience_of(const Context& context) {
  return {context.deadline, context.cancelled};
}

void TableMaker::add(Guard guard, TableSchema schema, VirtualTable::Reader reader) const {
  const std::string name = schema.name;
  list.push_back(std::make_unique<VirtualTable>(
      std::move(schema),
      [maker = *this, guard, name, reader = std::move(reader)](const Context& context) -> Rows {
        if (auto refused = refuse_read(maker.roles, maker.profile, context, guard, name)) {
          return *refused;
        }
        return reader(context);
      }));
}

void TableMaker::add_from_memory(Guard guard, TableSchema schema,
                                 std::vector<Row> (*rows)(cluster::Node&)) const {
  add(guard, std::move(schema), [&engine = engine, rows](const Context& context) -> Rows {
    if (auto error = need_database(engine, context)) return *error;
    return engine.with(rows);
  });
}

SqlError unavailable_error(cluster::Engine& engine, const cluster::KvReply& reply) {
  const bool breakers =
      engine.with([](cluster::Node& node) { return node.profile().circuit_breakers(); });
  if (!breakers) return {"XXUUU", reply.actual};
  const bool ambiguous = reply.number != 0;
  return {ambiguous ? "40003" : "58C00", reply.actual};
}

SqlResult<cluster::KvReply> ask_range(cluster::Engine& engine, const Context& context,
                                      const cluster::KvRequest& request) {
  cluster::KvReply reply;
  const auto end = engine.ask(request, patience_of(context), reply);
  if (end != cluster::WaitEnd::answered) return wait_error(end);
  if (reply.status == cluster::KvStatus::unavailable) return unavailable_error(engine, reply);
  return reply;
}

std::optional<SqlError> need_database(cluster::Engine& engine, const Context& context) {
  if (context.database == "system" || context.database.empty() || context.database_qualified) {
    return std::nullopt;
  }
  const bool cached =
      engine.with([&](cluster::Node& node) { return node.database_cached(context.database); });
  if (cached) return std::nullopt;
  cluster::KvRequest request;
  request.range = cluster::kNamespaceRange;
  request.keys = {"database/" + context.database};
  auto answer = ask_range(engine, context, request);
  if (auto* error = std::get_if<SqlError>(&answer)) return *error;
  engine.with([&](cluster::Node& node) { node.cache_database(context.database); });
  return std::nullopt;
}

SqlResult<std::vector<std::pair<std::string, std::string>>> read_range(cluster::Engine& engine,
                                                                       const Context& context,
                                                                       cluster::RangeNumber range,
                                                                       const std::string& prefix) {
  cluster::KvRequest request;
  request.range = range;
  request.prefix = prefix;
  auto answer = ask_range(engine, context, request);
  if (auto* error = std::get_if<SqlError>(&answer)) return *error;
  return std::move(std::get<cluster::KvReply>(answer).rows);
}

}  // namespace faultline::sim::tables
