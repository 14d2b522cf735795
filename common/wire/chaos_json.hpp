#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.hpp"
#include "common/cluster/fault.hpp"

namespace faultline::wire {

// Targets and faults as in schema/chaos-api.yaml: chaosd writes them, the exporter
// reads them and passes them on in its snapshot.

[[nodiscard]] nlohmann::json to_json(const TargetView& target);
[[nodiscard]] nlohmann::json to_json(const FaultView& fault);

/// Fail with `invalid` and the JSON pointer of the field at fault.
[[nodiscard]] Result<TargetView> read_target(const nlohmann::json& object);
[[nodiscard]] Result<FaultView> read_fault(const nlohmann::json& object);

/// The answer of GET /api/chaos/v1/events: {boot, seq, targets[], faults[], …}.
[[nodiscard]] Result<ChaosView> read_chaos_view(const nlohmann::json& object);

}  // namespace faultline::wire
