#pragma once

#include <string_view>

#include "simulator/cluster/profile.hpp"
#include "simulator/sql/catalog.hpp"

namespace faultline::sim::tables {

/// Columns from "node_id int8, store_id int8?, name text": a "?" may be NULL.
[[nodiscard]] sql::TableSchema make_schema(std::string_view schema, std::string_view name,
                                           std::uint32_t oid, std::string_view columns);

/// A table of the system as that release has it: "gossip_nodes", "rangelog", ... The name
/// must be one of them. `names`: of ranges and ranges_no_leases, whether they still have
/// table_id and the four names.
[[nodiscard]] sql::TableSchema system_schema(const cluster::Profile& profile, std::string_view name,
                                             bool names = true);

}  // namespace faultline::sim::tables
