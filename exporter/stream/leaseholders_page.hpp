#pragma once

#include "exporter/stream/routes.hpp"

namespace faultline::stream {

inline constexpr std::string_view kLeaseholdersPath = "/api/v1/leaseholders";

/// GET /api/v1/leaseholders?table=database.schema.table. `ask` answers from memory; an empty
/// one: this cluster cannot be asked.
[[nodiscard]] Reply leaseholders_page(const Clusters::AskLeaseholders& ask, std::string_view query);

}  // namespace faultline::stream
