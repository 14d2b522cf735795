#pragma once

#include <optional>
#include <string>

#include "simulator/tables/roles.hpp"

namespace faultline::sim::tables {

/// What reading a table of the system takes.
enum class Guard : std::uint8_t {
  everyone,
  metadata,  ///< admin; from 23.1.12 on VIEWCLUSTERMETADATA.
  ranges,    ///< admin or ZONECONFIG on anything; from 23.1 on VIEWACTIVITY(REDACTED) too.
  settings,  ///< MODIFYCLUSTERSETTING; from 22.2 on VIEWCLUSTERSETTING too.
  select,    ///< A table of database system: admin; from 23.1.11 on VIEWSYSTEMTABLE too.
};

[[nodiscard]] std::string table_object(const std::string& database, const std::string& schema,
                                       const std::string& table);
[[nodiscard]] std::string database_object(const std::string& database);

/// Why `context.user` may not read the system's table `name`, in the words of that
/// release; nothing: it may. The role is looked up first, and that may hang.
[[nodiscard]] std::optional<sql::SqlError> refuse_read(Roles& roles,
                                                       const cluster::Profile& profile,
                                                       const sql::Context& context, Guard guard,
                                                       const std::string& name);
/// The same for a table that somebody made.
[[nodiscard]] std::optional<sql::SqlError> refuse_table(Roles& roles, const sql::Context& context,
                                                        const std::string& privilege,
                                                        const std::string& database,
                                                        const std::string& table);
/// For SHOW CLUSTER SETTING and, with `sets`, SET CLUSTER SETTING.
[[nodiscard]] std::optional<sql::SqlError> refuse_setting(Roles& roles,
                                                          const cluster::Profile& profile,
                                                          const sql::Context& context,
                                                          const std::string& name, bool sets);

}  // namespace faultline::sim::tables
