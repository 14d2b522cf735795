#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/quorum.hpp"
#include "exporter/observe/readings.hpp"

namespace faultline::observe {

/// A node that has just started may give its gauges before all of its stores are there.
inline constexpr milliseconds kStoreHold{15'000};

/// Stores that replicas lie on and that their node, which answers with its gauges, does not
/// have; since when. CockroachDB's own gauges ask whether the node lives, and so count such
/// replicas as well (#123561).
using LostStores = std::map<StoreId, WallTime>;

/// Pure. `before`: the last answer. Writes `stores_missing` of each node that has told.
[[nodiscard]] LostStores find_lost_stores(std::vector<NodeView>& nodes, const Readings& readings,
                                          const std::map<StoreId, NodeId>& owners,
                                          const LostStores& before, WallTime now);

/// Whose store each is, nobody's where it has been lost for long enough to be sure.
[[nodiscard]] StoreOwners owners_left(const std::map<StoreId, NodeId>& owners,
                                      const LostStores& lost, WallTime now);

/// "store 6 of n2 is missing", "2 stores are missing: 6 of n2, 8 of n3"; empty: none is.
[[nodiscard]] std::string words_of_lost(const std::map<StoreId, NodeId>& owners,
                                        const LostStores& lost, WallTime now);

}  // namespace faultline::observe
