#pragma once

#include "exporter/observe/impact.hpp"
#include "exporter/stream/routes.hpp"

namespace faultline::stream {

inline constexpr std::string_view kImpactPath = "/api/v1/impact";

/// ?nodes=1,2[&fault=kill|stop|pause|partition|isolate][&from=3,4] as a question; fails
/// with `invalid` and the parameter's name. `from` alone makes the fault a partition.
[[nodiscard]] Result<observe::ImpactQuestion> read_impact_question(std::string_view query);

/// GET /api/v1/impact. `basis` may be null: nothing observed yet.
[[nodiscard]] Reply impact_page(const observe::ImpactBasis* basis, std::string_view query,
                                WallTime now);

}  // namespace faultline::stream
