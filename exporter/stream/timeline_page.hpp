#pragma once

#include <string_view>

#include "exporter/observe/snapshot_board.hpp"
#include "exporter/stream/routes.hpp"

namespace faultline::stream {

inline constexpr std::string_view kTimelinePath = "/api/v1/timeline";

/// What happened, from the event `since` of the query on, `limit` at most; 400 with the
/// field's name for a query that cannot be used. Answered from memory; any thread.
[[nodiscard]] Reply timeline_page(const observe::SnapshotBoard& board, std::string_view boot,
                                  std::string_view query);

}  // namespace faultline::stream
