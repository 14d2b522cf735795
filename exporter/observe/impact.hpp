#pragma once

#include <map>
#include <memory>
#include <vector>

#include "common/base/result.hpp"
#include "common/cluster/impact.hpp"
#include "exporter/observe/quorum.hpp"
#include "exporter/sources/placement.hpp"

namespace faultline::observe {

/// A node as the forecast needs it.
struct Footing {
  NodeId id;
  bool expected = true;  ///< Not decommissioned.
  bool up = false;       ///< As the headline counts it.
  std::optional<std::int64_t> leases;
};

/// What a forecast is computed from: the observer's latest, immutable, shared between
/// threads.
struct ImpactBasis {
  std::string boot;
  bool anything_read = false;
  bool who_is_up_known = false;                             ///< Some node is live in its own eyes.
  bool placement_on = false;                                ///< The collector is not switched off.
  std::shared_ptr<const sources::PlacementPart> placement;  ///< Null: never read.
  std::optional<WallTime> placement_read_at;
  milliseconds placement_age_max{300'000};  ///< Older ones are no basis; big clusters allow more.
  std::string departed = {};  ///< Who has left since, with replicas as they tell; empty: nobody.
  StoreOwners stores;
  std::vector<Footing> nodes;  ///< By id.
};

struct ImpactQuestion {
  std::vector<NodeId> nodes;  ///< Sorted, each once, not empty.
  ImpactFault fault = ImpactFault::kill;
  std::vector<NodeId> from;  ///< The same; empty: from all others. For `partition` only.
};

/// How many ranges an answer lists; the counts are of all.
inline constexpr std::size_t kImpactRangesMax = 200;

/// What would become of the ranges if that happened to the nodes now. Pure. Fails with
/// `unavailable` when nothing has been read, `invalid` with the field when the question
/// makes no sense for this cluster. Replicas on nodes that are not up (dead,
/// silent, not live: those lag) count as lost already.
///
/// Of two sides that are cut from each other, that with the majority of the liveness range
/// goes on (if that is unknown, the one with more nodes): without it leases cannot be
/// held, so that ranges with their majority on the other side are of no use to anybody
/// (recorded, a 2|3 split: they never answer, and count as unavailable). If other nodes
/// see both sides, a range goes on where some voter still sees a majority.
[[nodiscard]] Result<Impact> impact(const ImpactBasis& basis, const ImpactQuestion& question,
                                    WallTime now);

/// meta, liveness, timeseries, system (other keys of the system), system_tables, or empty
/// for a range of users, from start_pretty.
[[nodiscard]] std::string system_range(const std::string& name);

}  // namespace faultline::observe
