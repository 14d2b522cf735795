#include "simulator/cluster/zone.hpp"

#include <algorithm>

#include "simulator/cluster/codec.hpp"

namespace faultline::sim::cluster {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Zone, replicas, constraints)

std::string encode_zone(const Zone& zone) { return to_text(zone); }

std::optional<Zone> decode_zone(std::string_view text) { return from_text<Zone>(text); }

bool allows(const Zone& zone, const std::string& locality) {
  const std::string tiers = "," + locality + ",";
  return std::ranges::all_of(zone.constraints, [&](const std::string& tier) {
    return tiers.find("," + tier + ",") != std::string::npos;
  });
}

}  // namespace faultline::sim::cluster
