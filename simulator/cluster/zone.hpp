#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/cluster/types.hpp"

namespace faultline::sim::cluster {

/// What CONFIGURE ZONE has set for one range. Kept as the row "zone/<range>" beside the
/// settings; a range without such a row has its descriptor's factor and no constraints.
struct Zone {
  std::int64_t replicas = 0;             ///< 0: as many as the descriptor's factor says.
  std::vector<std::string> constraints;  ///< Tiers that the locality of every replica has.
};

[[nodiscard]] std::string encode_zone(const Zone& zone);
[[nodiscard]] std::optional<Zone> decode_zone(std::string_view text);
/// Whether a node of that locality ("region=eu,zone=a") may have a replica.
[[nodiscard]] bool allows(const Zone& zone, const std::string& locality);

}  // namespace faultline::sim::cluster
