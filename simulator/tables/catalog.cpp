#include "simulator/tables/catalog.hpp"

#include <algorithm>

#include "simulator/cluster/layout.hpp"
#include "simulator/cluster/report.hpp"
#include "simulator/tables/settings.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::Engine;
using cluster::Node;

Rows show_databases(Engine& engine, const Context& context) {
  auto found = read_range(engine, context, cluster::kNamespaceRange, "database/");
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  std::vector<Row> rows;
  for (const auto& [key, id] : std::get<std::vector<std::pair<std::string, std::string>>>(found)) {
    const std::string name = key.substr(key.find('/') + 1);
    rows.push_back({name, std::string(name == "system" ? "node" : "root"), sql::Null{},
                    sql::TextArray{}, sql::Null{}});
  }
  return rows;
}

SqlError no_database(const std::string& name) {
  return {"3D000",
          "database \"" + name + "\" does not exist",
          "",
          "",
          "errors.go",
          129,
          "NewUndefinedDatabaseError"};
}

}  // namespace

ClusterCatalog::ClusterCatalog(Engine& engine)
    : engine_(engine),
      profile_(*engine.with([](Node& node) { return &node.profile(); })),
      roles_(engine) {
  const TableMaker maker{engine_, roles_, profile_, virtual_};
  add_gossip_tables(maker);
  add_local_tables(maker);
  add_kv_tables(maker);
  add_range_tables(maker);
  virtual_.push_back(std::make_unique<VirtualTable>(
      make_schema("", "show_databases", 0,
                  "database_name text, owner name, primary_region text?, regions text[], "
                  "survival_goal text?"),
      [&engine](const Context& context) { return show_databases(engine, context); }));
}

sql::NodeIdentity ClusterCatalog::identity() const {
  return engine_.with([](Node& node) {
    sql::NodeIdentity identity{node.self(), node.cluster_id(), node.profile().version_text()};
    if (node.profile().has_unsafe_internals()) {
      identity.unsafe_internals = !node.profile().unsafe_internals_off();
    }
    return identity;
  });
}

sql::Table* ClusterCatalog::find_table(std::string_view database, std::string_view schema,
                                       std::string_view name) {
  if (schema == "show_ranges") return show_ranges(name);
  if (schema == "show_databases") schema = "", name = "show_databases";
  for (const auto& table : virtual_) {
    const TableSchema& known = table->schema();
    const bool here = known.schema != "public" || database == "system";
    if (here && known.schema == schema && known.name == name) return table.get();
  }
  return schema == "public" ? user_table(database, name) : nullptr;
}

// "db.table?details?keys", or "?details" for the whole cluster.
sql::Table* ClusterCatalog::show_ranges(std::string_view name) {
  ShowRanges asked;
  asked.details = name.find("?details") != std::string_view::npos;
  asked.keys = name.find("?keys") != std::string_view::npos;
  asked.tables = name.find("?tables") != std::string_view::npos;
  asked.table = std::string(name.substr(0, name.find('?')));
  if (!asked.table.empty()) {
    const auto dot = asked.table.find('.');
    const UserTable* table = user_table(asked.table.substr(0, dot), asked.table.substr(dot + 1));
    if (dot == std::string::npos || table == nullptr) return nullptr;
    asked.table_id = table->record().id;
  }
  const bool old = has_old_ranges(engine_, profile_);
  // A table of the same name may be another one by now.
  const std::string key = std::string(name) + "#" + std::to_string(asked.table_id.value_or(0));
  const std::lock_guard lock(mutex_);
  auto& shown = show_ranges_[{key, old}];
  if (shown == nullptr) {
    shown = make_show_ranges(TableMaker{engine_, roles_, profile_, virtual_}, asked);
  }
  return shown.get();
}

UserTable* ClusterCatalog::user_table(std::string_view database, std::string_view name) const {
  const auto infos =
      engine_.with([](Node& node) { return node.gossip().list("table/", cluster::wall_now()); });
  const std::lock_guard lock(mutex_);
  for (const cluster::Info& info : infos) {
    const auto record = decode_table(info.value);  // Nothing: it was dropped.
    if (!record || record->database != database || record->schema.name != name) continue;
    auto& known = user_[record->id];
    if (known == nullptr) known = std::make_unique<UserTable>(engine_, roles_, *record);
    return known.get();
  }
  return nullptr;
}

std::vector<const TableSchema*> ClusterCatalog::list_tables(std::string_view database,
                                                            std::string_view schema) const {
  std::vector<const TableSchema*> all;
  for (const auto& table : virtual_) {
    const TableSchema& known = table->schema();
    if (known.schema == schema && !known.schema.empty() &&
        (known.schema != "public" || database == "system")) {
      all.push_back(&known);
    }
  }
  if (schema != "public") return all;
  const auto infos =
      engine_.with([](Node& node) { return node.gossip().list("table/", cluster::wall_now()); });
  for (const cluster::Info& info : infos) {
    const auto record = decode_table(info.value);
    if (!record || record->database != database) continue;
    if (const UserTable* table = user_table(database, record->schema.name)) {
      all.push_back(&table->schema());
    }
  }
  return all;
}

bool ClusterCatalog::has_database(std::string_view database) const {
  if (database == "system" || database == "defaultdb" || database == "postgres") return true;
  return engine_.with([&](Node& node) {
    return node.gossip()
        .value("database/" + std::string(database), cluster::wall_now())
        .has_value();
  });
}

std::optional<SqlError> ClusterCatalog::write(const Context& context, cluster::RangeNumber range,
                                              const std::vector<cluster::ConditionalPut>& puts,
                                              bool& conflict) {
  cluster::KvRequest request;
  request.range = range;
  request.op = cluster::KvOp::write;
  request.puts = puts;
  const auto answer = ask_range(engine_, context, request);
  if (const auto* error = std::get_if<SqlError>(&answer)) return *error;
  conflict = std::get<cluster::KvReply>(answer).status == cluster::KvStatus::conflict;
  return std::nullopt;
}

SqlResult<std::int64_t> ClusterCatalog::next_number(const Context& context,
                                                    const std::string& generator) {
  cluster::KvRequest request;
  request.range = cluster::kStatusRange;
  request.op = cluster::KvOp::increment;
  request.keys = {"generator/" + generator};
  request.amount = 1;
  const auto answer = ask_range(engine_, context, request);
  if (const auto* error = std::get_if<SqlError>(&answer)) return *error;
  return std::get<cluster::KvReply>(answer).number;
}

SqlResult<std::monostate> ClusterCatalog::create_database(const Context& context,
                                                          const std::string& name,
                                                          bool if_not_exists) {
  const SqlError exists{"42P04",
                        "database \"" + name + "\" already exists",
                        "",
                        "",
                        "errors.go",
                        200,
                        "NewDatabaseAlreadyExistsError"};
  if (auto error = refuse_create(context, "")) return *error;
  if (has_database(name)) {
    if (if_not_exists) return std::monostate{};
    return exists;
  }
  // A database takes two ids: its own, and its public schema's.
  std::int64_t id = 0;
  for (int taken = 0; taken < 2; ++taken) {
    auto number = next_number(context, "descriptor");
    if (auto* error = std::get_if<SqlError>(&number)) return *error;
    id = id == 0 ? std::get<std::int64_t>(number) : id;
  }
  bool conflict = false;
  if (auto error = write(context, cluster::kNamespaceRange,
                         {{"database/" + name, std::to_string(id), ""}}, conflict)) {
    return *error;
  }
  if (conflict && !if_not_exists) return exists;
  engine_.with([&](Node& node) { node.hear("database/" + name, std::to_string(id)); });
  return std::monostate{};
}

// A new table's range starts on this node alone; the statement ends when it has as
// many replicas as it should, so that what is written next survives a minority.
std::optional<SqlError> ClusterCatalog::make_range(const Context& context,
                                                   const TableRecord& record) {
  cluster::Descriptor descriptor;
  descriptor.range = record.range;
  descriptor.start_key = cluster::table_key(record.id);
  descriptor.start_pretty = "/Table/" + std::to_string(record.id);
  descriptor.table_id = record.id;
  descriptor.database = record.database;
  descriptor.schema = record.schema.schema;
  descriptor.table = record.schema.name;
  descriptor.generation = 1;
  engine_.with([&](Node& node) { descriptor = node.create_range(descriptor); });
  bool conflict = false;
  if (auto error = write(
          context, cluster::kMetaRange,
          {{cluster::row_key("meta2", record.range), cluster::encode_descriptor(descriptor), ""}},
          conflict)) {
    return error;
  }
  const auto end = engine_.wait_until(patience_of(context), [&](Node& node) {
    const auto known = node.local_descriptor(record.range);
    const auto live = cluster::nodes_of(node.stores(),
                                        [](const cluster::StoreLoad& store) { return store.live; });
    const auto needed = cluster::needed_voters(descriptor.factor, live);
    return !known || static_cast<std::int64_t>(known->replicas.size()) >= needed;
  });
  if (end != cluster::WaitEnd::answered) return wait_error(end);
  return std::nullopt;
}

SqlResult<std::monostate> ClusterCatalog::create_table(const Context& context,
                                                       const std::string& database,
                                                       TableSchema schema, bool if_not_exists) {
  if (!has_database(database)) return no_database(database);
  if (auto error = refuse_create(context, database)) return *error;
  if (schema.schema.empty()) schema.schema = "public";
  if (user_table(database, schema.name) != nullptr) {
    if (if_not_exists) return std::monostate{};
    return SqlError{
        "42P07",
        "relation \"" + database + "." + schema.schema + "." + schema.name + "\" already exists",
        "",
        "",
        "errors.go",
        206,
        "NewRelationAlreadyExistsError"};
  }
  if (schema.primary_key.empty()) {
    return SqlError{"0A000", "the simulated server wants a PRIMARY KEY in every table"};
  }
  TableRecord record;
  for (const auto& [generator, number] :
       {std::pair("descriptor", &record.id), std::pair("range", &record.range)}) {
    auto next = next_number(context, generator);
    if (auto* error = std::get_if<SqlError>(&next)) return *error;
    *number = std::get<std::int64_t>(next);
  }
  record.database = database;
  record.schema = std::move(schema);
  record.schema.oid = static_cast<std::uint32_t>(record.id);
  if (auto error = make_range(context, record)) return *error;
  const std::string key = cluster::row_key("table", record.id);
  bool conflict = false;
  if (auto error = write(context, cluster::kSystemConfigRange, {{key, encode_table(record), ""}},
                         conflict)) {
    return *error;
  }
  engine_.with([&](Node& node) { node.hear(key, encode_table(record)); });
  return own_table(context, database, record.schema.name);
}

SqlResult<std::monostate> ClusterCatalog::drop_table(const Context& context,
                                                     const std::string& database,
                                                     const std::string& name, bool if_exists) {
  UserTable* table = user_table(database, name);
  if (table == nullptr) {
    if (if_exists) return std::monostate{};
    return SqlError{"42P01",
                    "relation \"" + name + "\" does not exist",
                    "",
                    "",
                    "errors.go",
                    161,
                    "NewUndefinedRelationError"};
  }
  if (auto error = refuse_table(roles_, context, "DROP", database, name)) return *error;
  const std::string key = cluster::row_key("table", table->record().id);
  bool conflict = false;
  if (auto error = write(context, cluster::kSystemConfigRange, {{key, "dropped", "*"}}, conflict)) {
    return *error;
  }
  engine_.with([&](Node& node) { node.hear(key, "dropped"); });
  return std::monostate{};
}

std::optional<std::string> ClusterCatalog::cluster_setting(const std::string& name) const {
  const Setting* setting = find_setting(profile_, name);
  if (setting == nullptr) return std::nullopt;
  return engine_.with([&](Node& node) { return node.setting(name, setting->initial); });
}

SqlResult<std::monostate> ClusterCatalog::set_cluster_setting(const Context& context,
                                                              const std::string& name,
                                                              const std::string& value) {
  if (auto error = tables::refuse_setting(roles_, profile_, context, name, true)) return *error;
  const Setting* setting = find_setting(profile_, name);
  if (setting == nullptr) {
    return SqlError{"42704", "unknown cluster setting '" + name + "'"};
  }
  std::string stored = value;
  std::vector<cluster::ConditionalPut> puts;
  if (setting->type == 'd') {
    const auto seconds = duration_seconds(value);
    if (!seconds) {
      return SqlError{"22023", "could not parse \"" + value + "\" as type interval"};
    }
    stored = duration_text(*seconds);
    if (name == "server.time_until_store_dead" && *seconds < profile_.store_dead_s_min) {
      return SqlError{"XXUUU", "cannot set server.time_until_store_dead to less than " +
                                   duration_text(profile_.store_dead_s_min) + ": " + stored};
    }
    puts.push_back({"setting/" + name + ".seconds", std::to_string(*seconds), "*"});
  }
  puts.push_back({"setting/" + name, stored, "*"});
  bool conflict = false;
  if (auto error = write(context, cluster::kSystemConfigRange, puts, conflict)) return *error;
  engine_.with([&](Node& node) {
    for (const auto& put : puts) node.hear(put.key, put.value);
  });
  return std::monostate{};
}

}  // namespace faultline::sim::tables
