#pragma once

#include <algorithm>
#include <atomic>

#include <poll.h>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "simulator/sql/catalog.hpp"

namespace faultline::sim::sql {

/// A table in memory. Records what it was asked; can be told to hang like a range
/// without quorum.
class FakeTable : public Table {
 public:
  FakeTable(TableSchema schema, std::vector<Row> rows)
      : schema_(std::move(schema)), rows_(std::move(rows)) {}

  const TableSchema& schema() const override { return schema_; }

  SqlResult<std::vector<Row>> read(const Context& context, const KeyFilter& filter) override {
    const std::lock_guard lock(mutex_);
    contexts.push_back(context);
    filters.push_back(filter.keys);
    was_read = true;
    while (hangs) {
      if (context.cancelled != nullptr && context.cancelled->load()) {
        return SqlError{"57014", "query execution canceled"};
      }
      if (context.deadline && std::chrono::steady_clock::now() >= *context.deadline) {
        return SqlError{"57014", "query execution canceled due to statement timeout"};
      }
      (void)::poll(nullptr, 0, 1);
    }
    return rows_;
  }

  SqlResult<std::int64_t> upsert(const Context&, const std::vector<Row>& rows,
                                 bool must_be_new) override {
    const std::lock_guard lock(mutex_);
    for (const Row& row : rows) {
      std::erase_if(rows_, [&](const Row& old) { return !must_be_new && old[0] == row[0]; });
      for (const Row& old : rows_) {
        if (old[0] == row[0]) return SqlError{"23505", "duplicate key value"};
      }
      rows_.push_back(row);
    }
    return static_cast<std::int64_t>(rows.size());
  }

  SqlResult<std::int64_t> erase(const Context&, const std::vector<Row>& rows) override {
    const std::lock_guard lock(mutex_);
    return static_cast<std::int64_t>(std::erase_if(rows_, [&](const Row& old) {
      return std::find(rows.begin(), rows.end(), old) != rows.end();
    }));
  }

  std::atomic<bool> hangs{false};
  std::atomic<bool> was_read{false};
  std::vector<Context> contexts;
  std::vector<std::vector<std::int64_t>> filters;

 private:
  std::mutex mutex_;
  TableSchema schema_;
  std::vector<Row> rows_;
};

/// Two databases, the virtual tables that the tests ask, and app.kv.
class FakeCatalog : public Catalog {
 public:
  FakeCatalog();

  NodeIdentity identity() const override {
    return {3, "0a1a69d2-96ce-4da1-b6e5-faf5b2c3f0af", "CockroachDB CCL v22.1.0-test (simulated)"};
  }
  Table* find_table(std::string_view database, std::string_view schema,
                    std::string_view name) override {
    const std::lock_guard lock(mutex_);
    // Virtual tables are in every database.
    const std::string home(schema == "public" ? database : "");
    const auto found = tables_.find({home, std::string(schema), std::string(name)});
    return found == tables_.end() ? nullptr : found->second.get();
  }
  std::vector<const TableSchema*> list_tables(std::string_view database,
                                              std::string_view schema) const override {
    const std::lock_guard lock(mutex_);
    std::vector<const TableSchema*> found;
    for (const auto& [key, table] : tables_) {
      const auto& [home, its_schema, name] = key;
      if (its_schema == schema && (home.empty() || home == database)) {
        found.push_back(&table->schema());
      }
    }
    return found;
  }
  bool has_database(std::string_view database) const override {
    return databases_.contains(std::string(database));
  }
  SqlResult<std::monostate> create_database(const Context&, const std::string& name,
                                            bool if_not_exists) override {
    if (!databases_.insert(name).second && !if_not_exists) {
      return SqlError{"42P04", "database \"" + name + "\" already exists"};
    }
    return std::monostate{};
  }
  SqlResult<std::monostate> create_table(const Context&, const std::string& database,
                                         TableSchema schema, bool if_not_exists) override {
    if (find_table(database, "public", schema.name) != nullptr) {
      if (if_not_exists) return std::monostate{};
      return SqlError{"42P07",
                      "relation \"" + database + ".public." + schema.name + "\" already exists"};
    }
    add(database, std::move(schema), {});
    return std::monostate{};
  }
  SqlResult<std::monostate> drop_table(const Context&, const std::string& database,
                                       const std::string& name, bool if_exists) override {
    const std::lock_guard lock(mutex_);
    if (tables_.erase({database, "public", name}) == 0 && !if_exists) {
      return SqlError{"42P01", "relation \"" + name + "\" does not exist"};
    }
    return std::monostate{};
  }
  std::optional<std::string> cluster_setting(const std::string& name) const override {
    const auto found = settings_.find(name);
    return found == settings_.end() ? std::nullopt : std::optional(found->second);
  }
  SqlResult<std::monostate> set_cluster_setting(const Context&, const std::string& name,
                                                const std::string& value) override {
    settings_[name] = value;
    return std::monostate{};
  }

  FakeTable& add(const std::string& database, TableSchema schema, std::vector<Row> rows) {
    const std::lock_guard lock(mutex_);
    const auto key = std::tuple(database, schema.schema, schema.name);
    auto& place = tables_[key];
    place = std::make_unique<FakeTable>(std::move(schema), std::move(rows));
    return *place;
  }
  FakeTable& table(const std::string& database, const std::string& schema,
                   const std::string& name) {
    return *tables_.at({database, schema, name});
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> databases_{"system", "defaultdb", "app"};
  std::map<std::string, std::string> settings_{{"version", "21.2-62"},
                                               {"server.time_until_store_dead", "00:05:00"}};
  std::map<std::tuple<std::string, std::string, std::string>, std::unique_ptr<FakeTable>> tables_;
};

}  // namespace faultline::sim::sql
