#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"

namespace faultline {

/// What is imagined to happen to nodes. The first three take them away; `partition`
/// cuts them off together, `isolate` each one for itself.
enum class ImpactFault : std::uint8_t { kill, stop, pause, partition, isolate };

/// The worst that would happen to a range that has its quorum now.
enum class RangeLoss : std::uint8_t { quorum, lease, replica };

[[nodiscard]] std::string_view to_string(ImpactFault value);
[[nodiscard]] std::string_view to_string(RangeLoss value);
[[nodiscard]] std::optional<ImpactFault> parse_impact_fault(std::string_view text);

struct RangeImpact {
  std::int64_t range_id = 0;
  std::string name;  ///< start_pretty.
  RangeLoss loses = RangeLoss::replica;
  std::int64_t voters = 0;
  std::int64_t left = 0;  ///< Voters that would still be there.
};

/// What would become of the ranges: the answer of GET /api/v1/impact, field by field
/// schema/impact.schema.json, which documents each one. An empty optional is null there
/// and means unknown, never zero.
struct Impact {
  std::string boot;
  WallTime at;
  bool valid = false;
  std::string reason;  ///< Why it is not valid.
  std::optional<milliseconds> placement_age;
  std::vector<NodeId> nodes;
  ImpactFault fault = ImpactFault::kill;
  std::vector<NodeId> from;
  std::optional<std::int64_t> ranges_total;
  std::optional<std::int64_t> lease_lost;
  std::optional<std::int64_t> quorum_lost;
  std::optional<std::int64_t> quorum_lost_already;
  std::optional<std::int64_t> under_replicated;
  std::vector<std::string> system_ranges;
  std::vector<RangeImpact> ranges;
  bool truncated = false;
  std::optional<std::int64_t> can_lose_nodes_after;
  std::string sentence;
};

}  // namespace faultline
