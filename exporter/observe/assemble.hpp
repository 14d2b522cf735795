#pragma once

#include <string>

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/departures.hpp"
#include "exporter/observe/directory.hpp"
#include "exporter/observe/impact.hpp"
#include "exporter/observe/lost_stores.hpp"
#include "exporter/observe/old_descriptors.hpp"
#include "exporter/observe/readings.hpp"
#include "exporter/observe/stale_loss.hpp"

namespace faultline::observe {

/// What the picture needs to know of the pictures before it.
struct Memory {
  SnapshotPtr previous;  ///< Null before the first.
  Directory directory;
  bool inventory_known = false;  ///< Some gossip has named the nodes.
  std::optional<WallTime> doubted_since;
  std::optional<WallTime> native_more_since;
  StaleLoss stale_loss;
  OldDescriptors old_descriptors;
  Departures departures;
  LostStores lost_stores;
  milliseconds time_until_store_dead{300'000};    ///< CockroachDB's default, until told.
  milliseconds time_after_store_suspect{30'000};  ///< The same.
};

struct Assembled {
  ClusterSnapshot snapshot;         ///< Without boot and seq, which the publisher gives.
  Memory memory;                    ///< For the next time, once `previous` is set.
  ImpactBasis basis = {};           ///< The same for forecasts; without boot.
  bool descriptors_wanted = false;  ///< A node has just left: they are worth reading at once.
};

/// Readings -> the picture. Pure: the same readings, memory and time give the same.
/// What is too old or comes from a node that is no witness becomes unknown, never 0.
[[nodiscard]] Assembled assemble(const Readings& readings, Memory memory, const Seeds& seeds,
                                 WallTime now);

}  // namespace faultline::observe
