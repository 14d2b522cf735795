#pragma once

#include <map>
#include <memory>
#include <string>

#include "simulator/fleet/plan.hpp"
#include "simulator/http/pages.hpp"
#include "simulator/sql/catalog.hpp"

namespace faultline::sim::fleet {

/// A metric of one node; `store` 0 asks for those that are not per store.
[[nodiscard]] double metric_value(const FleetPlan& plan, std::int64_t node, std::int64_t store,
                                  const std::string& name, cluster::Time now);
/// When that node's liveness record runs out: renewed as a live node does, each at its own
/// moment; of a dead one, and of all once the liveness range is lost, at the start.
[[nodiscard]] cluster::Time expiration(const FleetPlan& plan, std::int64_t node,
                                       cluster::Time started, cluster::Time now);

/// What node `node` of the fleet answers to GET `target`.
[[nodiscard]] http::Page page(const FleetPlan& plan, std::int64_t node, cluster::Time started,
                              std::string_view target);

/// The tables of one node of the fleet: those of the system, read-only. Any thread.
class FleetCatalog final : public sql::Catalog {
 public:
  /// `plan` outlives this.
  FleetCatalog(const FleetPlan& plan, std::int64_t node, cluster::Time started);

  sql::NodeIdentity identity() const override;
  sql::Table* find_table(std::string_view database, std::string_view schema,
                         std::string_view name) override;
  std::vector<const sql::TableSchema*> list_tables(std::string_view database,
                                                   std::string_view schema) const override;
  bool has_database(std::string_view database) const override;
  sql::SqlResult<std::monostate> create_database(const sql::Context& context,
                                                 const std::string& name,
                                                 bool if_not_exists) override;
  sql::SqlResult<std::monostate> create_table(const sql::Context& context,
                                              const std::string& database, sql::TableSchema schema,
                                              bool if_not_exists) override;
  sql::SqlResult<std::monostate> drop_table(const sql::Context& context,
                                            const std::string& database, const std::string& name,
                                            bool if_exists) override;
  std::optional<std::string> cluster_setting(const std::string& name) const override;
  sql::SqlResult<std::monostate> set_cluster_setting(const sql::Context& context,
                                                     const std::string& name,
                                                     const std::string& value) override;

 private:
  const FleetPlan& plan_;
  std::int64_t node_;
  std::map<std::string, std::unique_ptr<sql::Table>, std::less<>> tables_;
};

}  // namespace faultline::sim::fleet
