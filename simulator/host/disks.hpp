#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "simulator/cluster/node.hpp"
#include "simulator/host/store_spec.hpp"

namespace faultline::sim::host {

/// A node's stores, open. Lives as long as the node.
struct Disks {
  std::vector<std::unique_ptr<cluster::NodeStore>> keepers;
  std::vector<cluster::Disk> disks;  ///< Moves into the node: once.
};

/// Opens every store. An Error when one is in use, cannot be written, or belongs to another
/// node or cluster than the others.
[[nodiscard]] Result<Disks> open_disks(const std::vector<StoreSpec>& specs);

}  // namespace faultline::sim::host
