#pragma once

#include <string>
#include <vector>

#include "simulator/cluster/node.hpp"

namespace faultline::sim {

/// Of a node that a test asks and never starts again: keeps nothing.
class NoStore final : public cluster::NodeStore {
 public:
  void save_identity(cluster::NodeNumber /*node*/, cluster::StoreNumber /*store*/,
                     const std::string& /*id*/) override {}
  void save_copy(const cluster::Copy& /*copy*/) override {}
  void save_change(const cluster::Copy& /*copy*/, const cluster::Change& /*change*/) override {}
  void drop_copy(cluster::RangeNumber /*range*/) override {}
  void save_addresses(const std::vector<std::string>& /*addresses*/) override {}
};

}  // namespace faultline::sim
