#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  std::string cause = {};  ///< What explains it, in words; empty when nothing known does.
  std::optional<std::int64_t> cause_id = {};  ///< The event that came before and explains it.
};

/// A stretch of the timeline, for who reads it bit by bit.
struct TimelinePage {
  std::vector<ClusterEvent> events;    ///< In order of their ids.
  std::int64_t next = 0;               ///< What to ask for to go on.
  bool gap = false;                    ///< Events after what was asked for are gone.
  std::optional<std::int64_t> oldest;  ///< The first that is still kept; empty: none is.
};

}  // namespace faultline
