#include "simulator/sql/action.hpp"

#include <algorithm>
#include <cctype>

#include "simulator/sql/failure.hpp"
#include "simulator/sql/types.hpp"

namespace faultline::sim::sql {
namespace {

Action rows_action(Plan plan, std::string tag) {
  Action made;
  made.returns_rows = true;
  made.tag_counts_rows = true;
  made.fields = std::move(plan.fields);
  made.run = [run = std::move(plan.run), tag = std::move(tag)] {
    return Action::Done{run(nullptr), tag};
  };
  return made;
}

Action plain_action(std::function<void()> act, std::string tag) {
  Action made;
  made.run = [act = std::move(act), tag = std::move(tag)] {
    act();
    return Action::Done{{}, tag};
  };
  return made;
}

std::string show_tag(const Statement& statement) {
  if (statement.topic == "variable" || statement.topic == "cluster setting") return "SHOW";
  std::string topic = statement.topic;
  for (char& c : topic) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return "SHOW " + topic;
}

Action plan_explain(Runtime& runtime, const Statement& statement) {
  // Planning it finds the errors that the server's EXPLAIN would find.
  (void)plan_action(runtime, *statement.inner);
  Plan plan;
  Field field;
  field.name = "info";
  plan.fields.push_back(field);
  plan.run = [](const Env*) {
    return std::vector<Row>{{std::string("simulated node: no distribution, no plan")}};
  };
  return rows_action(std::move(plan), "EXPLAIN");
}

// Database and table of a written name, for statements that make or remove tables.
std::pair<std::string, std::string> target(const Runtime& runtime,
                                           const std::vector<std::string>& path) {
  if (path.size() == 1) return {runtime.settings.database(), path[0]};
  if (path.size() == 2 && path[0] == "public") return {runtime.settings.database(), path[1]};
  if (path.size() > 3) throw failure("42601", "invalid table name: " + written(path));
  return {path[0], path.back()};
}

Action plan_create_table(Runtime& runtime, const Statement& statement) {
  const auto [database, name] = target(runtime, statement.path);
  if (!runtime.catalog.has_database(database)) throw undefined_database(database);
  TableSchema schema = statement.table;
  schema.schema = "public";
  schema.name = name;
  for (std::size_t at = 0; at < schema.columns.size(); ++at) {
    for (std::size_t other = 0; other < at; ++other) {
      if (schema.columns[at].name == schema.columns[other].name) {
        throw failure("42701", "duplicate column name: \"" + schema.columns[at].name + "\"");
      }
    }
  }
  return plain_action(
      [&runtime, database = database, schema, keep = statement.if_exists] {
        take(runtime.catalog.create_table(runtime.context, database, schema, keep));
      },
      "CREATE TABLE");
}

Action plan_roles(Runtime& runtime, const Statement& statement) {
  using Act = RoleChange::Act;
  const Act act = statement.roles->act;
  const char* tag = act == Act::create  ? "CREATE ROLE"
                    : act == Act::alter ? "ALTER ROLE"
                    : act == Act::drop  ? "DROP ROLE"
                    : act == Act::grant ? "GRANT"
                                        : "REVOKE";
  RoleChange change = *statement.roles;
  for (auto& object : change.objects) {
    if (change.on != RoleChange::On::table) continue;
    const Located found = locate(runtime, object);
    if (found.table == nullptr) throw undefined_table(written(object));
    object = {found.database, found.schema, found.name};
  }
  return plain_action(
      [&runtime, change = std::move(change)] {
        take(runtime.catalog.change_roles(runtime.context, change));
      },
      tag);
}

Action plan_zone(Runtime& runtime, const Statement& statement) {
  ZoneChange change = *statement.zone;
  if (change.range.empty()) {
    const Located found = locate(runtime, change.table);
    if (found.table == nullptr) throw undefined_table(written(change.table));
    change.table = {found.database, found.schema, found.name};
  }
  return plain_action(
      [&runtime, change = std::move(change)] {
        take(runtime.catalog.configure_zone(runtime.context, change));
      },
      "CONFIGURE ZONE 1");
}

Action plan_definition(Runtime& runtime, const Statement& statement) {
  if (statement.verb == Verb::create_table) return plan_create_table(runtime, statement);
  if (statement.verb == Verb::create_database) {
    return plain_action(
        [&runtime, name = statement.name, keep = statement.if_exists] {
          take(runtime.catalog.create_database(runtime.context, name, keep));
        },
        "CREATE DATABASE");
  }
  if (statement.verb == Verb::drop_table) {
    const auto [database, name] = target(runtime, statement.path);
    return plain_action(
        [&runtime, database = database, name = name, lenient = statement.if_exists] {
          take(runtime.catalog.drop_table(runtime.context, database, name, lenient));
        },
        "DROP TABLE");
  }
  return plain_action(
      [&runtime, name = statement.name, value = statement.value] {
        take(runtime.catalog.set_cluster_setting(runtime.context, name, value));
      },
      "SET CLUSTER SETTING");
}

}  // namespace

Action plan_action(Runtime& runtime, const Statement& statement) {
  switch (statement.verb) {
    case Verb::query:
      return rows_action(plan_query(runtime, *statement.query, nullptr, {}), "SELECT");
    case Verb::show: return rows_action(plan_show(runtime, statement), show_tag(statement));
    case Verb::explain: return plan_explain(runtime, statement);
    case Verb::insert: return plan_insert(runtime, statement);
    case Verb::update: return plan_update(runtime, statement);
    case Verb::erase: return plan_erase(runtime, statement);
    case Verb::change_roles: return plan_roles(runtime, statement);
    case Verb::configure_zone: return plan_zone(runtime, statement);
    case Verb::create_database:
    case Verb::create_table:
    case Verb::drop_table:
    case Verb::set_cluster_setting: return plan_definition(runtime, statement);
    default: throw unsupported("this statement here");
  }
}

}  // namespace faultline::sim::sql
