#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/cluster/snapshot.hpp"
#include "exporter/observe/readings.hpp"

namespace faultline::observe {

/// Addresses given by the user.
struct Seeds {
  std::vector<std::string> sql;
  std::vector<std::string> http;
};

/// Which address is which node, and where each node is best dialled. An address that
/// answered to us beats the one the node advertises, which may mean something only
/// inside its own network.
struct Directory {
  std::map<std::string, NodeId> sql_owner;
  std::map<std::string, NodeId> http_owner;
  std::map<NodeId, std::string> sql_dial;
  std::map<NodeId, std::string> http_dial;
  std::map<StoreId, NodeId> stores;
};

/// The directory with what the readings add; it forgets nothing but corrects.
[[nodiscard]] Directory learn(Directory known, const Readings& readings);

/// Whom the sources may ask: the nodes, then seeds that are not yet known to be one.
[[nodiscard]] std::vector<sources::Member> members_of(const Directory& directory,
                                                      const Seeds& seeds,
                                                      const std::vector<NodeView>& nodes);

}  // namespace faultline::observe
