#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/cluster/states.hpp"

namespace faultline {

/// Something that changed between two snapshots, told to people.
struct ClusterEvent {
  std::int64_t id = 0;  ///< Counts within one boot of the exporter.
  WallTime at;
  EventKind kind = EventKind::source;
  Severity severity = Severity::info;
  std::optional<NodeId> node_id;
  std::optional<FaultId> fault_id;  ///< The fault that explains it, if one is open on that node.
  std::string sentence;
};

}  // namespace faultline
