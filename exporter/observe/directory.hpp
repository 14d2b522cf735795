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

/// Who was found at an address, and when.
struct Owner {
  NodeId id;
  WallTime at;
};

/// Which address is which node, and where each node is best dialled. An address that
/// answered to us beats the one the node advertises, which may mean something only
/// inside its own network. Nobody else is dialled where a node answered: a host whose store was
/// lost joins again under another id, at the same address.
struct Directory {
  std::map<std::string, Owner> sql_owner;
  std::map<std::string, Owner> http_owner;
  std::map<NodeId, std::string> sql_dial;
  std::map<NodeId, std::string> http_dial;
  /// Nodes that are not dialled any more: who is at their address now.
  std::map<NodeId, NodeId> replaced_by;
  std::map<StoreId, NodeId> stores;
};

/// The directory with what the readings add; it forgets nothing but corrects.
[[nodiscard]] Directory learn(Directory known, const Readings& readings);

/// Whom the sources may ask: the nodes, but not those that have left for good and do not
/// answer; then seeds that are not yet known to be one of them.
[[nodiscard]] std::vector<sources::Member> members_of(const Directory& directory,
                                                      const Seeds& seeds,
                                                      const std::vector<NodeView>& nodes);

}  // namespace faultline::observe
