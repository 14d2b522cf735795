#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.hpp"
#include "common/cluster/table_leases.hpp"

namespace faultline::wire {

/// As schema/leaseholders.schema.json. Pure; any thread.
[[nodiscard]] nlohmann::json to_json(const TableLeases& leases);
/// `upstream` when it is no such answer. Pure; any thread.
[[nodiscard]] Result<TableLeases> read_table_leases(std::string_view body);

}  // namespace faultline::wire
