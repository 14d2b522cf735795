#pragma once

#include <string>
#include <string_view>

#include "common/cluster/event.hpp"

namespace faultline::wire {

/// The answer of GET /api/v1/timeline: Timeline in schema/stream.schema.json. Pure; any thread.
[[nodiscard]] std::string timeline_text(std::string_view boot, const TimelinePage& page);

}  // namespace faultline::wire
