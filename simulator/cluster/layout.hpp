#pragma once

#include <string>
#include <vector>

#include "simulator/cluster/types.hpp"

namespace faultline::sim::cluster {

// Where things live: which range keeps which rows of the simulated system.
constexpr RangeNumber kMetaRange = 1;      ///< "meta2/<range>": descriptors.
constexpr RangeNumber kLivenessRange = 2;  ///< "liveness/<node>".
constexpr RangeNumber kStatusRange = 3;    ///< "status/<node>", id generators.
constexpr RangeNumber kTimeSeriesRange = 4;
constexpr RangeNumber kSystemConfigRange = 6;  ///< "setting/…", "table/<id>".
constexpr RangeNumber kEventLogRange = 8;      ///< "event/<time>/<node>".
constexpr RangeNumber kRangeLogRange = 9;      ///< "log/<time>/<unique>".
constexpr RangeNumber kJobsRange = 11;
constexpr RangeNumber kNamespaceRange = 26;  ///< "database/<name>".
constexpr RangeNumber kSqlLivenessRange = 35;
constexpr RangeNumber kFirstUserRange = 45;
constexpr std::int64_t kFirstDescriptorId = 104;

/// The 44 ranges of a fresh cluster, each with its only replica on node 1, store 1.
[[nodiscard]] std::vector<Descriptor> system_ranges();
/// First key of a table, in hex.
[[nodiscard]] std::string table_key(std::int64_t table_id);
[[nodiscard]] std::string row_key(const std::string& kind, std::int64_t number);

}  // namespace faultline::sim::cluster
