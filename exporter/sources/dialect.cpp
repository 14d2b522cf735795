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

/// VIEWSYSTEMTABLE opens the tables of database system, of which no version grants a single one
/// (cockroachdb/cockroach#61410, #109474).
bool has_system_table_privilege(const ServerVersion& version) {
  return version >= ServerVersion{23, 1, 11};
}

constexpr std::string_view kRangesOfTable = "SHOW RANGES FROM TABLE ";
constexpr std::string_view kDetails = " WITH DETAILS";

/// What opens SHOW RANGES of one table, which is less than what opens those of all.
std::optional<std::string> grant_of_table(const std::string& statement,
                                          const ServerVersion& version) {
  const auto begin = statement.find(kRangesOfTable);
  if (begin == std::string::npos) return std::nullopt;
  const auto at = begin + kRangesOfTable.size();
  std::string table = statement.substr(at, statement.rfind(']') - at);
  if (table.ends_with(kDetails)) table.resize(table.size() - kDetails.size());
  const char* const what = version >= kActivitySeesRanges ? "ZONECONFIG"
                           : version >= kSystemPrivileges ? "SELECT, ZONECONFIG"
                                                          : "SELECT";
  return std::string{"GRANT "} + what + " ON TABLE " + table;
}

/// What the probe lacks that wants to make its table, write to it or read it.
std::optional<std::string> grant_of_probe(const std::string& statement, const std::string& message,
                                          const std::string& user) {
  const std::string database{kProbeDatabase};
  if (!contains(statement, database)) return std::nullopt;
  if (statement.starts_with("CREATE DATABASE")) return "ALTER USER " + user + " CREATEDB";
  if (statement.starts_with("CREATE TABLE")) {
    // Which of the two it is depends on the version, and the server says it.
    const auto in =
        contains(message, "on schema") ? "SCHEMA " + database + ".public" : "DATABASE " + database;
    return "GRANT CREATE ON " + in + " TO " + user;
  }
  // An UPSERT takes the first three.
  return "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE " + database + ".public.ledger TO " + user;
}

bool is_plain(const std::string& name) {
  return !name.empty() && (name.front() < '0' || name.front() > '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

}  // namespace

std::string grant_for(const std::string& statement, const std::string& message,
                      const std::string& user, const std::optional<ServerVersion>& version) {
  const auto to = " TO " + identifier(user);
  if (auto of_probe = grant_of_probe(statement, message, identifier(user))) return *of_probe;
  const bool ranges = contains(statement, "ranges_no_leases") || contains(statement, "RANGES");
  const bool settings =
      contains(statement, "cluster_settings") || contains(statement, "CLUSTER SETTING");
  if (version) {
    if (const auto of_table = grant_of_table(statement, *version)) return *of_table + to;
  }
  const auto known = version.value_or(ServerVersion{});
  if (contains(statement, "system.")) {
    return (has_system_table_privilege(known) ? "GRANT SYSTEM VIEWSYSTEMTABLE" : "GRANT admin") +
           to;
  }
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

std::vector<std::string> leaseholders_of(const std::string& table, std::int64_t limit,
                                         const std::optional<ServerVersion>& version) {
  const auto from = [&](const std::string& options) {
    return "SELECT range_id, lease_holder FROM [" + std::string{kRangesOfTable} + table + options +
           "] LIMIT " + std::to_string(limit);
  };
  const auto known = version.value_or(ServerVersion{23, 2, 0});
  // 22.x has the column without being asked for details, and does not know the word.
  if (known < ServerVersion{23, 1, 0}) return {from("")};
  // On 23.1 a cluster setting says which of the two it is; later only the one is left.
  return {from(std::string{kDetails}), from("")};
}

std::string identifier(const std::string& name) {
  return is_plain(name) ? name : quoted_identifier(name);
}

std::string quoted_identifier(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + "\"";
}

}  // namespace faultline::sql
