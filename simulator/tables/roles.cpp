#include "simulator/tables/roles.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "simulator/cluster/layout.hpp"
#include "simulator/sql/scram.hpp"
#include "simulator/tables/access.hpp"
#include "simulator/tables/virtual_table.hpp"

namespace faultline::sim::tables {
namespace {

using cluster::Node;
using nlohmann::json;
using sql::RoleChange;

constexpr const char* kDropped = "dropped";

Role root() {
  Role role;
  role.name = "root";
  role.admin = true;
  return role;
}

SqlError no_such_role(const std::string& name) {
  return {"42704", "role/user \"" + name + "\" does not exist"};
}

// Of a table of database system, or of that itself, nothing is granted (#61410).
bool is_of_system(const RoleChange& change) {
  if (change.on == RoleChange::On::database) {
    return std::ranges::any_of(change.objects,
                               [](const auto& path) { return path.front() == "system"; });
  }
  return change.on == RoleChange::On::table &&
         std::ranges::any_of(change.objects, [](const auto& path) {
           return path[0] == "system" && path[1] == "public";
         });
}

// "SELECT" and the like for tables, "CREATE" and "CONNECT" for databases.
std::set<std::string> spelled_out(const std::vector<std::string>& privileges) {
  std::set<std::string> all(privileges.begin(), privileges.end());
  if (all.erase("ALL") > 0) {
    all.insert({"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ZONECONFIG", "CONNECT"});
  }
  return all;
}

void apply_options(Role& role, const RoleChange& change) {
  for (const std::string& option : change.options) {
    if (option == "LOGIN" || option == "NOLOGIN") {
      role.may_login = option == "LOGIN";
    } else if (option.starts_with("NO")) {
      role.privileges.erase(option.substr(2));
    } else {
      role.privileges.insert(option);
    }
  }
  if (change.password) {
    role.verifier =
        change.password->empty() ? "" : sql::make_verifier(*change.password, sql::random_bytes(16));
  }
  if (change.variable == "all") role.variables.clear();
  if (change.variable.empty()) return;
  if (change.value) {
    role.variables[change.variable] = *change.value;
  } else {
    role.variables.erase(change.variable);
  }
}

void apply_grant(Role& role, const RoleChange& change) {
  const bool gives = change.act == RoleChange::Act::grant;
  const auto move = [gives](std::set<std::string>& into, const std::set<std::string>& what) {
    for (const std::string& each : what) {
      if (gives) into.insert(each);
      if (!gives) into.erase(each);
    }
  };
  switch (change.on) {
    case RoleChange::On::role: role.admin = gives; return;
    case RoleChange::On::system:
      move(role.privileges, {change.privileges.begin(), change.privileges.end()});
      return;
    case RoleChange::On::table:
    case RoleChange::On::database:
      for (const auto& path : change.objects) {
        const bool table = change.on == RoleChange::On::table;
        const std::string key =
            table ? table_object(path[0], path[1], path[2]) : database_object(path.front());
        move(role.granted[key], spelled_out(change.privileges));
      }
      return;
  }
}

}  // namespace

bool Role::may(const std::string& privilege, const std::string& object) const {
  const auto it = granted.find(object);
  return admin || (it != granted.end() && it->second.contains(privilege));
}

std::string encode_role(const Role& role) {
  return json({{"name", role.name},
               {"verifier", role.verifier},
               {"login", role.may_login},
               {"admin", role.admin},
               {"privileges", role.privileges},
               {"granted", role.granted},
               {"variables", role.variables}})
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Role> decode_role(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;  // Dropped, for one.
  try {
    Role role;
    role.name = value.at("name").get<std::string>();
    role.verifier = value.at("verifier").get<std::string>();
    role.may_login = value.at("login").get<bool>();
    role.admin = value.at("admin").get<bool>();
    role.privileges = value.at("privileges").get<std::set<std::string>>();
    role.granted = value.at("granted").get<std::map<std::string, std::set<std::string>>>();
    role.variables = value.at("variables").get<std::map<std::string, std::string>>();
    return role;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

SqlResult<std::optional<Role>> Roles::find(const Context& context, const std::string& name) {
  if (name == "root") return std::optional(root());
  const std::string key = "user/" + name;
  const bool known = engine_.with([](Node& node) { return node.users_known(); });
  if (!known) {
    cluster::KvRequest request;
    request.range = cluster::kSystemConfigRange;
    request.keys = {key};
    auto answer = ask_range(engine_, context, request);
    if (auto* error = std::get_if<SqlError>(&answer)) return *error;
    const auto& rows = std::get<cluster::KvReply>(answer).rows;
    engine_.with([](Node& node) { node.know_users(); });
    return rows.empty() ? std::nullopt : decode_role(rows.front().second);
  }
  const auto text =
      engine_.with([&](Node& node) { return node.gossip().value(key, cluster::wall_now()); });
  return text ? decode_role(*text) : std::nullopt;
}

SqlResult<Role> Roles::of(const Context& context) {
  auto found = find(context, context.user);
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  auto& role = std::get<std::optional<Role>>(found);
  if (role) return std::move(*role);
  Role nobody;
  nobody.name = context.user;
  return nobody;
}

std::optional<SqlError> Roles::check_change(const Context& context, const RoleChange& change) {
  auto asking = of(context);
  if (auto* error = std::get_if<SqlError>(&asking)) return *error;
  const Role& role = std::get<Role>(asking);
  const bool grants = change.act == RoleChange::Act::grant || change.act == RoleChange::Act::revoke;
  if (!grants && !role.has("CREATEROLE")) {
    return SqlError{"42501", "user " + role.name + " does not have CREATEROLE privilege"};
  }
  if (grants && !role.admin) {
    return SqlError{"42501", "only users with the admin role are allowed to grant and revoke here"};
  }
  if (grants && is_of_system(change)) {
    const std::string verb = change.act == RoleChange::Act::grant ? "GRANT" : "REVOKE";
    return SqlError{"42501", "cannot " + verb + " on system object"};
  }
  if (change.password && !engine_.with([](Node& node) { return node.config().secure; })) {
    return SqlError{"28P01", "setting or updating a password is not supported in insecure mode"};
  }
  const bool system = change.on == RoleChange::On::system;
  if (system && !engine_.with([](Node& node) { return node.profile().has_system_privileges(); })) {
    return SqlError{"42601", "at or near \"to\": syntax error"};
  }
  if (grants && change.on == RoleChange::On::role) {
    for (const std::string& each : change.privileges) {
      if (each != "admin") {
        return SqlError{"0A000", "unimplemented: the simulated node knows one role, admin"};
      }
    }
  }
  return std::nullopt;
}

SqlResult<std::monostate> Roles::change(const Context& context, const RoleChange& change) {
  if (auto error = check_change(context, change)) return *error;
  for (const std::string& name : change.roles) {
    if (auto error = change_one(context, change, name)) return *error;
  }
  return std::monostate{};
}

std::optional<SqlError> Roles::change_one(const Context& context, const RoleChange& change,
                                          const std::string& name) {
  auto found = find(context, name);
  if (auto* error = std::get_if<SqlError>(&found)) return *error;
  auto& role = std::get<std::optional<Role>>(found);
  const bool creates = change.act == RoleChange::Act::create;
  if (creates && role) {
    if (change.if_exists) return std::nullopt;
    return SqlError{"42710", "a role/user named " + name + " already exists"};
  }
  if (!creates && !role) {
    if (change.if_exists) return std::nullopt;
    return no_such_role(name);
  }
  if (name == "root" && change.act != RoleChange::Act::grant) {
    return SqlError{"42501", "role/user \"root\" cannot be changed here"};
  }
  if (change.act == RoleChange::Act::drop) return save(context, name, kDropped);
  Role next = role ? std::move(*role) : Role{};
  next.name = name;
  const bool grants = change.act == RoleChange::Act::grant || change.act == RoleChange::Act::revoke;
  if (grants) {
    apply_grant(next, change);
  } else {
    apply_options(next, change);
  }
  return save(context, name, encode_role(next));
}

std::optional<SqlError> Roles::save(const Context& context, const std::string& name,
                                    const std::string& text) {
  cluster::KvRequest request;
  request.range = cluster::kSystemConfigRange;
  request.op = cluster::KvOp::write;
  request.puts = {{"user/" + name, text, "*"}};
  auto answer = ask_range(engine_, context, request);
  if (auto* error = std::get_if<SqlError>(&answer)) return *error;
  engine_.with([&](Node& node) { node.hear("user/" + name, text); });
  return std::nullopt;
}

}  // namespace faultline::sim::tables
