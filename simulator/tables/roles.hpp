#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "simulator/cluster/engine.hpp"
#include "simulator/sql/catalog.hpp"

namespace faultline::sim::tables {

/// A user as the system config range keeps it.
struct Role {
  std::string name;
  std::string verifier;  ///< Of its password; empty: none.
  bool may_login = true;
  bool admin = false;
  std::set<std::string> privileges;  ///< System privileges and role options: "VIEWACTIVITY".
  /// "table/db.public.kv" or "database/db" to what may be done with it; ALL is spelled out.
  std::map<std::string, std::set<std::string>> granted;
  std::map<std::string, std::string> variables;

  [[nodiscard]] bool has(const std::string& privilege) const {
    return admin || privileges.contains(privilege);
  }
  [[nodiscard]] bool may(const std::string& privilege, const std::string& object) const;
};

[[nodiscard]] std::string encode_role(const Role& role);
[[nodiscard]] std::optional<Role> decode_role(const std::string& text);

/// Who there is and what they may do. root is always an admin and is never looked up;
/// everybody else is read from the system config range, unless this node did so within
/// the last minutes (see Node::know_users), and that read hangs without quorum. Any thread.
class Roles {
 public:
  /// `engine` outlives this.
  explicit Roles(cluster::Engine& engine) : engine_(engine) {}

  [[nodiscard]] sql::SqlResult<std::optional<Role>> find(const sql::Context& context,
                                                         const std::string& name);
  /// The role of `context.user`; a user that was dropped meanwhile may nothing.
  [[nodiscard]] sql::SqlResult<Role> of(const sql::Context& context);
  [[nodiscard]] sql::SqlResult<std::monostate> change(const sql::Context& context,
                                                      const sql::RoleChange& change);

 private:
  [[nodiscard]] std::optional<sql::SqlError> check_change(const sql::Context& context,
                                                          const sql::RoleChange& change);
  [[nodiscard]] std::optional<sql::SqlError> change_one(const sql::Context& context,
                                                        const sql::RoleChange& change,
                                                        const std::string& name);
  [[nodiscard]] std::optional<sql::SqlError> save(const sql::Context& context,
                                                  const std::string& name, const std::string& text);

  cluster::Engine& engine_;
};

}  // namespace faultline::sim::tables
