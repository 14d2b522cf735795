#include "simulator/tables/virtual_table.hpp"

#include "simulator/cluster/layout.hpp"

namespace faultline::sim::tables {
namespace {

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
