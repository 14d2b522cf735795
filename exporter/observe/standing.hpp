#pragma once

#include "common/cluster/snapshot.hpp"

namespace faultline::observe {

// Who counts as what; pure. Liveness, process and container of `node` are filled. A container
// that is down counts at once: its runtime tells the end of a process before anybody who
// asks it can notice.

/// Its process answers.
[[nodiscard]] bool answers(const NodeView& node);

/// It answers, and no valid witness calls it not live.
[[nodiscard]] bool is_up(const NodeView& node);

/// Nothing but the word of nodes is against it: what they say while the liveness range
/// moves may pass, a process that is gone does not come back by waiting.
[[nodiscard]] bool may_be_up(const NodeView& node);

/// Whether some node's process answers, or some address that was given while no node has been
/// named yet.
[[nodiscard]] bool anybody_answers(const ClusterSnapshot& snapshot);

/// Belongs to the cluster for good.
[[nodiscard]] bool is_expected(const NodeView& node);

}  // namespace faultline::observe
