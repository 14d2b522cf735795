#pragma once

#include <map>
#include <string>
#include <vector>

#include "exporter/observe/readings.hpp"

namespace faultline::observe {

/// What a node says about itself, as far as we know it now.
struct SelfView {
  std::optional<bool> ready;               ///< GET /health?ready=1.
  std::optional<std::int64_t> live_nodes;  ///< 0 when it is not live in its own eyes.
  bool answers = false;                    ///< Its process is reachable.
  bool gone = false;                       ///< Its process is known not to answer.
};

/// One gossip view and whether it may be believed.
struct Witness {
  const sources::GossipView* view = nullptr;
  WallTime read_at;
  bool valid = false;
  std::string reason;  ///< Why it is not valid.
};

/// The row of a node, if the view has one.
[[nodiscard]] const sources::GossipRow* row_of(const sources::GossipView& view, NodeId id);

/// The views that are young enough, the first gateway's first. A node that is not live
/// in its own eyes is no witness: cut off from the others, it sees them all dead.
[[nodiscard]] std::vector<Witness> judge_witnesses(const Readings& readings,
                                                   const std::map<NodeId, SelfView>& selves,
                                                   WallTime now);

[[nodiscard]] bool any_valid(const std::vector<Witness>& witnesses);

}  // namespace faultline::observe
