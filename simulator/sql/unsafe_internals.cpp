#include <set>
#include <string>

#include "simulator/sql/failure.hpp"
#include "simulator/sql/plan.hpp"

namespace faultline::sim::sql {
namespace {

// What 26.1 lets everybody read all the same (docs: crdb-internal.md, the ticks).
bool is_supported_internal(const std::string& name) {
  static const std::set<std::string> kSupported = {"cluster_contended_indexes",
                                                   "cluster_contended_keys",
                                                   "cluster_contended_tables",
                                                   "cluster_contention_events",
                                                   "cluster_locks",
                                                   "cluster_queries",
                                                   "cluster_sessions",
                                                   "cluster_transactions",
                                                   "index_usage_statistics",
                                                   "statement_statistics",
                                                   "transaction_contention_events",
                                                   "transaction_statistics"};
  return kSupported.contains(name);
}

}  // namespace

void check_unsafe(const Runtime& runtime, const Located& table) {
  const bool internal = table.schema == "crdb_internal" && !is_supported_internal(table.name);
  const bool system = table.schema == "public" && table.database == "system";
  if (!internal && !system) return;
  if (runtime.settings.get("allow_unsafe_internals") != "off") return;
  Failure refused = failure("42501", "Access to crdb_internal and system is restricted.");
  refused.error.hint =
      "These interfaces are unsupported in production. To proceed, set the session variable "
      "allow_unsafe_internals = true (not recommended), or contact Cockroach Labs for a supported "
      "alternative.";
  throw refused;
}

}  // namespace faultline::sim::sql
