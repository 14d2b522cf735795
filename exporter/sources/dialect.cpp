#include "exporter/sources/dialect.hpp"

#include <algorithm>
#include <string_view>

#include "common/base/text.hpp"

namespace faultline::sql {

namespace {

constexpr ServerVersion kSystemPrivileges{22, 2, 0};  // GRANT SYSTEM is known.
constexpr ServerVersion kActivitySeesRanges{23, 1, 0};

/// VIEWCLUSTERMETADATA opens the tables of nodes instead of the admin role.
bool has_metadata_privilege(const ServerVersion& version) {
  return version >= ServerVersion{23, 1, 12};
}

bool is_plain(const std::string& name) {
  return !name.empty() && (name.front() < '0' || name.front() > '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

}  // namespace

std::string grant_for(const std::string& statement, const std::string& user,
                      const std::optional<ServerVersion>& version) {
  const auto to = " TO " + identifier(user);
  const bool ranges = contains(statement, "ranges_no_leases") || contains(statement, "RANGES");
  const bool settings =
      contains(statement, "cluster_settings") || contains(statement, "CLUSTER SETTING");
  if (contains(statement, "system.")) {
    return "GRANT SELECT ON TABLE system.rangelog, system.eventlog" + to;
  }
  const auto known = version.value_or(ServerVersion{});
  if (ranges && known >= kActivitySeesRanges) return "GRANT SYSTEM VIEWACTIVITYREDACTED" + to;
  if (settings && known >= kSystemPrivileges) return "GRANT SYSTEM VIEWCLUSTERSETTING" + to;
  if (!ranges && !settings && has_metadata_privilege(known)) {
    return "GRANT SYSTEM VIEWCLUSTERMETADATA" + to;
  }
  return "GRANT admin" + to;
}

std::optional<std::string> placement_without_internals(
    const std::optional<ServerVersion>& version) {
  // 22.1 calls it a syntax error.
  if (!version || *version < ServerVersion{23, 1, 0}) return std::nullopt;
  return "SELECT range_id, array_to_string(voting_replicas, ',') AS voters, start_key,"
         " array_to_string(replicas, ',') AS replicas,"
         " array_to_string(non_voting_replicas, ',') AS non_voters,"
         " array_to_string(learner_replicas, ',') AS learners"
         " FROM [SHOW CLUSTER RANGES]";
}

std::string identifier(const std::string& name) {
  if (is_plain(name)) return name;
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace faultline::sql
