#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "simulator/tables/user_table.hpp"

namespace faultline::sim::tables {

/// Everything a statement can name on this node. What databases and tables there are is
/// gossiped, so finding one never hangs; reading it may. Any thread.
class ClusterCatalog final : public sql::Catalog {
 public:
  /// `engine` outlives this.
  explicit ClusterCatalog(cluster::Engine& engine);
  ClusterCatalog(const ClusterCatalog&) = delete;
  ClusterCatalog& operator=(const ClusterCatalog&) = delete;

  sql::NodeIdentity identity() const override;
  sql::Table* find_table(std::string_view database, std::string_view schema,
                         std::string_view name) override;
  std::vector<const TableSchema*> list_tables(std::string_view database,
                                              std::string_view schema) const override;
  bool has_database(std::string_view database) const override;
  SqlResult<std::monostate> create_database(const Context& context, const std::string& name,
                                            bool if_not_exists) override;
  SqlResult<std::monostate> create_table(const Context& context, const std::string& database,
                                         TableSchema schema, bool if_not_exists) override;
  SqlResult<std::monostate> drop_table(const Context& context, const std::string& database,
                                       const std::string& name, bool if_exists) override;
  std::optional<std::string> cluster_setting(const std::string& name) const override;
  SqlResult<std::monostate> set_cluster_setting(const Context& context, const std::string& name,
                                                const std::string& value) override;
  std::optional<SqlError> refuse_setting(const Context& context, const std::string& name) override;
  SqlResult<std::optional<sql::Account>> find_account(const Context& context,
                                                      const std::string& user) override;
  SqlResult<std::monostate> configure_zone(const Context& context,
                                           const sql::ZoneChange& change) override;
  SqlResult<std::monostate> change_roles(const Context& context,
                                         const sql::RoleChange& change) override;

 private:
  [[nodiscard]] sql::Table* show_ranges(std::string_view name);
  [[nodiscard]] SqlResult<std::monostate> own_table(const Context& context,
                                                    const std::string& database,
                                                    const std::string& table);
  [[nodiscard]] std::optional<SqlError> refuse_create(const Context& context,
                                                      const std::string& database);
  [[nodiscard]] std::optional<SqlError> refuse_alter_system_ranges(const Context& context);
  [[nodiscard]] UserTable* user_table(std::string_view database, std::string_view name) const;
  [[nodiscard]] std::optional<SqlError> write(const Context& context, cluster::RangeNumber range,
                                              const std::vector<cluster::ConditionalPut>& puts,
                                              bool& conflict);
  [[nodiscard]] SqlResult<std::int64_t> next_number(const Context& context,
                                                    const std::string& generator);
  [[nodiscard]] std::optional<SqlError> make_range(const Context& context,
                                                   const TableRecord& record);

  cluster::Engine& engine_;
  const cluster::Profile& profile_;
  mutable Roles roles_;
  TableList virtual_;
  mutable std::mutex mutex_;  ///< Guards the maps; entries are never removed.
  mutable std::map<std::int64_t, std::unique_ptr<UserTable>> user_;
  /// By what was asked and whether the old columns were shown then.
  std::map<std::pair<std::string, bool>, std::unique_ptr<sql::Table>> show_ranges_;
};

}  // namespace faultline::sim::tables
