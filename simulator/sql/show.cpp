#include "simulator/sql/failure.hpp"
#include "simulator/sql/plan.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

Plan fixed(std::initializer_list<std::pair<const char*, Type>> columns, std::vector<Row> rows) {
  Plan made;
  for (const auto& [name, type] : columns) {
    Field field;
    field.name = name;
    field.type = type;
    made.fields.push_back(std::move(field));
  }
  made.run = [rows = std::move(rows)](const Env*) { return rows; };
  return made;
}

// A table that the catalog keeps for SHOW only.
Plan pseudo_table(Runtime& runtime, const std::string& schema, const std::string& name) {
  Table* table = runtime.catalog.find_table("", schema, name);
  // Only a statement that this release does not know has no table behind it.
  if (table == nullptr && name.empty() && schema == "show_ranges") {
    throw failure("42601", "at or near \"ranges\": syntax error");
  }
  if (table == nullptr) throw undefined_table(name);
  Plan made;
  made.fields = fields_of(table->schema(), "");
  made.run = [table, &runtime](const Env*) {
    check_patience(runtime.context);
    return take(table->read(runtime.context, {}));
  };
  return made;
}

Plan show_value(const std::string& name, std::string value) {
  return fixed({{name.c_str(), Type::text}}, {{std::move(value)}});
}

Plan show_tables(Runtime& runtime, const Statement& statement) {
  const std::string database =
      statement.path.empty() ? runtime.settings.database() : statement.path.front();
  if (!runtime.catalog.has_database(database)) throw undefined_database(database);
  std::vector<Row> rows;
  for (const TableSchema* table : runtime.catalog.list_tables(database, "public")) {
    rows.push_back({table->schema, table->name, std::string("table"), std::string("root"),
                    std::int64_t{0}, Null{}});
  }
  return fixed({{"schema_name", Type::text},
                {"table_name", Type::text},
                {"type", Type::text},
                {"owner", Type::name},
                {"estimated_row_count", Type::int8},
                {"locality", Type::text}},
               std::move(rows));
}

Plan show_columns(Runtime& runtime, const Statement& statement) {
  const Located found = locate(runtime, statement.path);
  if (found.table == nullptr) throw undefined_table(written(statement.path));
  std::vector<Row> rows;
  for (const Column& column : found.table->schema().columns) {
    rows.push_back({column.name, sql_name(column.type), column.nullable, Null{}, std::string(),
                    TextArray{}, false});
  }
  return fixed({{"column_name", Type::text},
                {"data_type", Type::text},
                {"is_nullable", Type::boolean},
                {"column_default", Type::text},
                {"generation_expression", Type::text},
                {"indices", Type::text_array},
                {"is_hidden", Type::boolean}},
               std::move(rows));
}

// A simulated node runs no jobs; the columns are there for those who ask.
Plan show_jobs() {
  return fixed({{"job_id", Type::int8},
                {"job_type", Type::text},
                {"description", Type::text},
                {"statement", Type::text},
                {"user_name", Type::text},
                {"status", Type::text},
                {"running_status", Type::text},
                {"created", Type::timestamp},
                {"started", Type::timestamp},
                {"finished", Type::timestamp},
                {"modified", Type::timestamp},
                {"fraction_completed", Type::float8},
                {"error", Type::text},
                {"coordinator_id", Type::int8}},
               {});
}

Plan show_schemas() {
  std::vector<Row> rows;
  for (const char* name : {"crdb_internal", "information_schema", "pg_catalog", "public"}) {
    rows.push_back({std::string(name), Null{}});
  }
  return fixed({{"schema_name", Type::text}, {"owner", Type::name}}, std::move(rows));
}

}  // namespace

Plan plan_show(Runtime& runtime, const Statement& statement) {
  const std::string& topic = statement.topic;
  if (topic == "variable") {
    if (auto value = runtime.settings.get(statement.name)) {
      return show_value(statement.name, std::move(*value));
    }
    throw failure("42704", "unrecognized configuration parameter \"" + statement.name + "\"");
  }
  if (topic == "cluster setting") {
    if (auto refused = runtime.catalog.refuse_setting(runtime.context, statement.name)) {
      throw Failure{std::move(*refused)};
    }
    if (auto value = runtime.catalog.cluster_setting(statement.name)) {
      return show_value(statement.name, std::move(*value));
    }
    throw failure("XXUUU", "unknown setting: \"" + statement.name + "\"");
  }
  if (topic == "databases") return pseudo_table(runtime, "show_databases", "");
  if (topic == "tables") return show_tables(runtime, statement);
  if (topic == "columns") return show_columns(runtime, statement);
  if (topic == "jobs") return show_jobs();
  if (topic == "schemas") return show_schemas();
  std::string options;
  for (const std::string& option : statement.options) options += "?" + option;
  if (topic == "cluster ranges") return pseudo_table(runtime, "show_ranges", options);
  const Located found = locate(runtime, statement.path);
  if (found.table == nullptr) throw undefined_table(written(statement.path));
  return pseudo_table(runtime, "show_ranges", found.database + "." + found.name + options);
}

}  // namespace faultline::sim::sql
