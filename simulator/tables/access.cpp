#include "simulator/tables/access.hpp"

#include <algorithm>

namespace faultline::sim::tables {
namespace {

using sql::Context;
using sql::SqlError;

SqlError refused(std::string message) { return {"42501", std::move(message)}; }

// 22.1's are recorded; VIEWCLUSTERMETADATA's is how later releases word every missing
// system privilege.
SqlError no_metadata(const cluster::Profile& profile, const Role& role, const std::string& name) {
  if (profile.metadata_by_privilege()) {
    return refused("user " + role.name + " does not have VIEWCLUSTERMETADATA system privilege");
  }
  if (name == "node_runtime_info") {
    return refused(
        "only users with the admin role are allowed to access the node runtime information");
  }
  const std::string shown = name == "kv_node_liveness" ? "node_liveness" : name;
  return refused("only users with the admin role are allowed to read crdb_internal." + shown);
}

bool may_see_ranges(const cluster::Profile& profile, const Role& role) {
  if (role.admin) return true;
  if (profile.ranges_by_activity() &&
      (role.has("VIEWACTIVITY") || role.has("VIEWACTIVITYREDACTED"))) {
    return true;
  }
  return std::ranges::any_of(role.granted,
                             [](const auto& entry) { return entry.second.contains("ZONECONFIG"); });
}

// The view's refusal names the table below it, as recorded.
SqlError no_ranges(const cluster::Profile& profile) {
  return refused(profile.ranges_by_activity()
                     ? "only users with the VIEWACTIVITY or VIEWACTIVITYREDACTED or ZONECONFIG "
                       "privilege or the admin role can read crdb_internal.ranges_no_leases"
                     : "only users with the ZONECONFIG privilege or the admin role can read "
                       "crdb_internal.ranges_no_leases");
}

bool may_see_settings(const cluster::Profile& profile, const Role& role) {
  return role.has("MODIFYCLUSTERSETTING") ||
         (profile.has_system_privileges() && role.has("VIEWCLUSTERSETTING"));
}

std::string settings_wanted(const cluster::Profile& profile) {
  return profile.has_system_privileges()
             ? "only users with either MODIFYCLUSTERSETTING or VIEWCLUSTERSETTING privileges are "
               "allowed to "
             : "only users with the MODIFYCLUSTERSETTING privilege are allowed to ";
}

}  // namespace

std::string table_object(const std::string& database, const std::string& schema,
                         const std::string& table) {
  return "table/" + database + "." + schema + "." + table;
}

std::string database_object(const std::string& database) { return "database/" + database; }

std::optional<SqlError> refuse_read(Roles& roles, const cluster::Profile& profile,
                                    const Context& context, Guard guard, const std::string& name) {
  if (guard == Guard::everyone || context.user == "root") return std::nullopt;
  auto asking = roles.of(context);
  if (auto* error = std::get_if<SqlError>(&asking)) return *error;
  const Role& role = std::get<Role>(asking);
  switch (guard) {
    case Guard::everyone: break;
    case Guard::metadata: {
      const bool may =
          role.admin || (profile.metadata_by_privilege() && role.has("VIEWCLUSTERMETADATA"));
      if (!may) return no_metadata(profile, role, name);
      break;
    }
    case Guard::ranges:
      if (!may_see_ranges(profile, role)) return no_ranges(profile);
      break;
    case Guard::settings:
      if (!may_see_settings(profile, role)) {
        return refused(settings_wanted(profile) + "read crdb_internal.cluster_settings");
      }
      break;
    case Guard::select:
      if (profile.system_tables_by_privilege() && role.has("VIEWSYSTEMTABLE")) break;
      if (!role.may("SELECT", table_object("system", "public", name))) {
        return refused("user " + role.name + " does not have SELECT privilege on relation " + name);
      }
      break;
  }
  return std::nullopt;
}

std::optional<SqlError> refuse_table(Roles& roles, const Context& context,
                                     const std::string& privilege, const std::string& database,
                                     const std::string& table) {
  if (context.user == "root") return std::nullopt;
  auto asking = roles.of(context);
  if (auto* error = std::get_if<SqlError>(&asking)) return *error;
  const Role& role = std::get<Role>(asking);
  if (role.may(privilege, table_object(database, "public", table))) return std::nullopt;
  return refused("user " + role.name + " does not have " + privilege + " privilege on relation " +
                 table);
}

std::optional<SqlError> refuse_setting(Roles& roles, const cluster::Profile& profile,
                                       const Context& context, const std::string& name, bool sets) {
  if (context.user == "root") return std::nullopt;
  auto asking = roles.of(context);
  if (auto* error = std::get_if<SqlError>(&asking)) return *error;
  const Role& role = std::get<Role>(asking);
  const std::string verb = std::string(sets ? "set" : "show") + " cluster setting '" + name + "'";
  if (!profile.has_system_privileges()) {
    if (role.admin) return std::nullopt;
    return refused("only users with the admin role are allowed to " + verb);
  }
  if (sets) {
    if (role.has("MODIFYCLUSTERSETTING")) return std::nullopt;
    return refused("only users with the MODIFYCLUSTERSETTING privilege are allowed to " + verb);
  }
  if (may_see_settings(profile, role)) return std::nullopt;
  return refused(settings_wanted(profile) + verb);
}

}  // namespace faultline::sim::tables
