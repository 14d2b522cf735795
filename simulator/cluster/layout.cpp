#include "simulator/cluster/layout.hpp"

#include <algorithm>
#include <iterator>

namespace faultline::sim::cluster {
namespace {

struct SystemRange {
  RangeNumber range;
  const char* start_key;
  const char* start_pretty;
  std::int64_t table_id;
  const char* database;
  const char* schema;
  const char* table;
};

// As recorded from a fresh cluster; the last one ends at /Max.
constexpr SystemRange kSystemRanges[] = {
    {1, "", "/Min", 0, "", "", ""},
    {2, "04006c6976656e6573732d", "/System/NodeLiveness", 0, "", "", ""},
    {3, "04006c6976656e6573732e", "/System/NodeLivenessMax", 0, "", "", ""},
    {4, "04747364", "/System/tsd", 0, "", "", ""},
    {5, "04747365", "/System/\"tse\"", 0, "", "", ""},
    {6, "88", "/Table/SystemConfigSpan/Start", 0, "", "public", ""},
    {7, "93", "/Table/11", 11, "system", "", "lease"},
    {8, "94", "/Table/12", 12, "system", "", "eventlog"},
    {9, "95", "/Table/13", 13, "system", "", "rangelog"},
    {10, "96", "/Table/14", 14, "system", "", "ui"},
    {11, "97", "/Table/15", 15, "system", "", "jobs"},
    {12, "98", "/Table/16", 16, "", "public", ""},
    {13, "99", "/Table/17", 17, "", "public", ""},
    {14, "9a", "/Table/18", 18, "", "public", ""},
    {15, "9b", "/Table/19", 19, "system", "", "web_sessions"},
    {16, "9c", "/Table/20", 20, "system", "", "table_statistics"},
    {17, "9d", "/Table/21", 21, "system", "", "locations"},
    {18, "9e", "/Table/22", 22, "", "public", ""},
    {19, "9f", "/Table/23", 23, "system", "", "role_members"},
    {20, "a0", "/Table/24", 24, "system", "", "comments"},
    {21, "a1", "/Table/25", 25, "system", "", "replication_constraint_stats"},
    {22, "a2", "/Table/26", 26, "system", "", "replication_critical_localities"},
    {23, "a3", "/Table/27", 27, "system", "", "replication_stats"},
    {24, "a4", "/Table/28", 28, "system", "", "reports_meta"},
    {25, "a5", "/Table/29", 29, "", "public", ""},
    {26, "a6", "/NamespaceTable/30", 30, "system", "", "namespace"},
    {27, "a7", "/NamespaceTable/Max", 31, "system", "", "protected_ts_meta"},
    {28, "a8", "/Table/32", 32, "system", "", "protected_ts_records"},
    {29, "a9", "/Table/33", 33, "system", "", "role_options"},
    {30, "aa", "/Table/34", 34, "system", "", "statement_bundle_chunks"},
    {31, "ab", "/Table/35", 35, "system", "", "statement_diagnostics_requests"},
    {32, "ac", "/Table/36", 36, "system", "", "statement_diagnostics"},
    {33, "ad", "/Table/37", 37, "system", "", "scheduled_jobs"},
    {34, "ae", "/Table/38", 38, "", "public", ""},
    {35, "af", "/Table/39", 39, "system", "", "sqlliveness"},
    {36, "b0", "/Table/40", 40, "system", "", "migrations"},
    {37, "b1", "/Table/41", 41, "system", "", "join_tokens"},
    {38, "b2", "/Table/42", 42, "system", "", "statement_statistics"},
    {39, "b3", "/Table/43", 43, "system", "", "transaction_statistics"},
    {40, "b4", "/Table/44", 44, "system", "", "database_role_settings"},
    {41, "b5", "/Table/45", 45, "system", "", "tenant_usage"},
    {42, "b6", "/Table/46", 46, "system", "", "sql_instances"},
    {43, "b7", "/Table/47", 47, "system", "", "span_configurations"},
    {44, "ba", "/Table/50", 50, "system", "", "tenant_settings"},
};

}  // namespace

std::vector<Descriptor> system_ranges() {
  std::vector<Descriptor> all;
  for (const SystemRange& row : kSystemRanges) {
    if (!all.empty()) {
      all.back().end_key = row.start_key;
      all.back().end_pretty = row.start_pretty;
    }
    Descriptor descriptor;
    descriptor.range = row.range;
    descriptor.start_key = row.start_key;
    descriptor.start_pretty = row.start_pretty;
    descriptor.table_id = row.table_id;
    descriptor.database = row.database;
    descriptor.schema = row.schema;
    descriptor.table = row.table;
    // Time series have no zone of their own and take the default.
    descriptor.factor = row.range == kTimeSeriesRange ? 3 : 5;
    descriptor.place(1, 1);
    all.push_back(descriptor);
  }
  all.back().end_key = "ffff";
  all.back().end_pretty = "/Max";
  return all;
}

StoreNumber Descriptor::store_on(NodeNumber node) const {
  for (std::size_t at = 0; at < std::min(replicas.size(), stores.size()); ++at) {
    if (replicas[at] == node) return stores[at];
  }
  return 0;
}

void Descriptor::place(NodeNumber node, StoreNumber store) {
  const auto at = std::ranges::find(replicas, node) - replicas.begin();
  if (at == std::ssize(replicas)) replicas.push_back(node);
  stores.resize(replicas.size());
  stores[static_cast<std::size_t>(at)] = store;
}

void Descriptor::remove(NodeNumber node) {
  const auto at = std::ranges::find(replicas, node) - replicas.begin();
  if (at == std::ssize(replicas)) return;
  replicas.erase(replicas.begin() + at);
  if (at < std::ssize(stores)) stores.erase(stores.begin() + at);
}

std::string table_key(std::int64_t table_id) {
  // The key encoding of small integers: one byte up to 109, then a length byte first.
  constexpr const char* kHex = "0123456789abcdef";
  const auto byte = [](std::int64_t value) {
    return std::string{kHex[(value >> 4) & 15], kHex[value & 15]};
  };
  if (table_id <= 109) return byte(0x88 + table_id);
  if (table_id <= 0xff) return "f6" + byte(table_id);
  return "f7" + byte(table_id >> 8) + byte(table_id);
}

std::string row_key(const std::string& kind, std::int64_t number) {
  return kind + "/" + std::to_string(number);
}

}  // namespace faultline::sim::cluster
