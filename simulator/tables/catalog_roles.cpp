// The catalog's half that is about who asks.
#include "simulator/tables/catalog.hpp"

namespace faultline::sim::tables {

// Who makes a table may do everything with it.
SqlResult<std::monostate> ClusterCatalog::own_table(const Context& context,
                                                    const std::string& database,
                                                    const std::string& table) {
  if (context.user == "root") return std::monostate{};
  sql::RoleChange grant;
  grant.act = sql::RoleChange::Act::grant;
  grant.on = sql::RoleChange::On::table;
  grant.privileges = {"ALL"};
  grant.objects = {{database, "public", table}};
  grant.roles = {context.user};
  Context as_root = context;
  as_root.user = "root";
  return roles_.change(as_root, grant);
}

// For a database (`database` empty): admin or CREATEDB. For a table: CREATE on its database.
std::optional<SqlError> ClusterCatalog::refuse_create(const Context& context,
                                                      const std::string& database) {
  if (context.user == "root") return std::nullopt;
  auto asking = roles_.of(context);
  if (auto* error = std::get_if<SqlError>(&asking)) return *error;
  const Role& role = std::get<Role>(asking);
  if (database.empty()) {
    if (role.has("CREATEDB")) return std::nullopt;
    return SqlError{"42501", "permission denied to create database"};
  }
  if (role.may("CREATE", database_object(database))) return std::nullopt;
  return SqlError{"42501",
                  "user " + role.name + " does not have CREATE privilege on database " + database};
}

std::optional<SqlError> ClusterCatalog::refuse_setting(const Context& context,
                                                       const std::string& name) {
  return tables::refuse_setting(roles_, profile_, context, name, false);
}

SqlResult<std::optional<sql::Account>> ClusterCatalog::find_account(const Context& context,
                                                                    const std::string& user) {
  auto found = roles_.find(context, user);
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  const auto& role = std::get<std::optional<Role>>(found);
  if (!role) return std::nullopt;
  sql::Account account;
  account.verifier = role->verifier;
  account.may_login = role->may_login;
  account.variables.assign(role->variables.begin(), role->variables.end());
  return std::optional(account);
}

SqlResult<std::monostate> ClusterCatalog::change_roles(const Context& context,
                                                       const sql::RoleChange& change) {
  return roles_.change(context, change);
}

}  // namespace faultline::sim::tables
