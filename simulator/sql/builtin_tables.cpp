#include "simulator/sql/failure.hpp"
#include "simulator/sql/plan.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

Plan relation(const std::string& qualifier,
              std::initializer_list<std::pair<const char*, Type>> columns,
              std::function<std::vector<Row>()> rows) {
  Plan made;
  for (const auto& [name, type] : columns) {
    Field field;
    field.qualifier = qualifier;
    field.name = name;
    field.type = type;
    made.fields.push_back(std::move(field));
  }
  made.run = [rows = std::move(rows)](const Env*) { return rows(); };
  return made;
}

std::string data_type(Type type) { return is_array(type) ? "ARRAY" : standard_name(type); }

std::vector<const TableSchema*> tables_of(const Runtime& runtime, const std::string& database) {
  std::vector<const TableSchema*> all;
  for (const std::string_view schema :
       {"crdb_internal", "information_schema", "pg_catalog", "public"}) {
    const auto some = runtime.catalog.list_tables(database, schema);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Plan columns_table(Runtime& runtime, const std::string& database) {
  return relation(
      "columns",
      {{"table_catalog", Type::text},
       {"table_schema", Type::text},
       {"table_name", Type::text},
       {"column_name", Type::text},
       {"ordinal_position", Type::int8},
       {"column_default", Type::text},
       {"is_nullable", Type::text},
       {"data_type", Type::text},
       {"crdb_sql_type", Type::text}},
      [&runtime, database] {
        std::vector<Row> rows;
        for (const TableSchema* table : tables_of(runtime, database)) {
          std::int64_t position = 0;
          for (const Column& column : table->columns) {
            rows.push_back({database, table->schema, table->name, column.name, ++position, Null{},
                            std::string(column.nullable ? "YES" : "NO"), data_type(column.type),
                            sql_name(column.type)});
          }
        }
        return rows;
      });
}

Plan tables_table(Runtime& runtime, const std::string& database) {
  return relation("tables",
                  {{"table_catalog", Type::text},
                   {"table_schema", Type::text},
                   {"table_name", Type::text},
                   {"table_type", Type::text}},
                  [&runtime, database] {
                    std::vector<Row> rows;
                    for (const TableSchema* table : tables_of(runtime, database)) {
                      const bool user = table->schema == "public";
                      rows.push_back({database, table->schema, table->name,
                                      std::string(user ? "BASE TABLE" : "SYSTEM VIEW")});
                    }
                    return rows;
                  });
}

// What drivers look up to name the types of a result.
Plan types_table() {
  return relation("pg_type",
                  {{"oid", Type::int8},
                   {"typname", Type::name},
                   {"typnamespace", Type::int8},
                   {"typlen", Type::int8},
                   {"typtype", Type::text},
                   {"typelem", Type::int8}},
                  [] {
                    std::vector<Row> rows;
                    for (int number = 0; number < static_cast<int>(Type::unknown); ++number) {
                      const auto type = static_cast<Type>(number);
                      const WireType wire = wire_type(type);
                      const bool array = is_array(type);
                      if (type == Type::int2vector) continue;
                      rows.push_back({std::int64_t{wire.oid}, (array ? "_" : "") + short_name(type),
                                      std::int64_t{11}, std::int64_t{wire.length}, std::string("b"),
                                      std::int64_t{array ? wire_type(element_of(type)).oid : 0}});
                    }
                    return rows;
                  });
}

}  // namespace

std::optional<Plan> plan_builtin_table(Runtime& runtime, const std::string& database,
                                       const std::string& schema, const std::string& name) {
  if (schema == "information_schema" && name == "columns") return columns_table(runtime, database);
  if (schema == "information_schema" && name == "tables") return tables_table(runtime, database);
  if (schema == "pg_catalog" && name == "pg_type") return types_table();
  return std::nullopt;
}

}  // namespace faultline::sim::sql
