#pragma once

#include "common/cluster/table_leases.hpp"
#include "exporter/observe/impact.hpp"
#include "exporter/sources/leaseholder_desk.hpp"

namespace faultline::observe {

/// What the cluster said of a table's leases, told by node. `basis` says which store is
/// whose, and may be null: nothing observed yet. A store that nobody is known to have makes
/// all of it unknown. Pure.
[[nodiscard]] TableLeases table_leases(const sources::TableName& table,
                                       const std::optional<sources::LeaseholderDesk::Answer>& told,
                                       const ImpactBasis* basis);

}  // namespace faultline::observe
