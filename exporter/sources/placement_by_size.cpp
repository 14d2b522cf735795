#include "exporter/sources/placement_by_size.hpp"

#include <algorithm>

#include "exporter/sources/cells.hpp"

namespace faultline::sources {

const std::string PlacementBySize::kReplicasStatement =
    "SELECT ranges FROM crdb_internal.gossip_nodes";

std::optional<std::int64_t> PlacementBySize::guess(Deadline deadline) {
  constexpr std::int64_t kReplication = 3;
  const auto rows = session_.query(kReplicasStatement, deadline);
  if (!rows) return std::nullopt;  // The source itself tells what is wrong.
  std::int64_t replicas = 0;
  for (const auto& row : *rows) {
    const auto count = row.empty() || !row.front() ? std::nullopt : parse_integer(*row.front());
    if (count && *count > 0) replicas += *count;
  }
  return replicas / kReplication;
}

Result<PlacementPart> PlacementBySize::read(Deadline deadline) {
  off_.clear();
  pause_ = milliseconds{0};
  const auto guessed = guess(deadline);
  if (guessed && *guessed > kTooManyRanges) {
    off_ = "off above " + std::to_string(kTooManyRanges) + " ranges (there are some " +
           std::to_string(*guessed) + "): the nodes' own gauges count them";
    pause_ = kPauseOfMany;
    return Error{ErrorCode::unavailable, off_};
  }
  auto part = source_.read(deadline);
  // A failed read is tried again at the usual pace.
  if (part && part->ranges >= kManyRanges) pause_ = kPauseOfMany;
  return part;
}

}  // namespace faultline::sources
