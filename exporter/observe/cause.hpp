#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/cluster/event.hpp"
#include "common/cluster/snapshot.hpp"

namespace faultline::observe {

/// The fault on that node that is open, or ended so lately that its effects last; the
/// newest of them. Null when there is none.
[[nodiscard]] const FaultView* fault_behind(const ClusterSnapshot& snapshot, NodeId id);
/// For what happens to the cluster: the open or late fault, if there is just one.
[[nodiscard]] const FaultView* only_fault(const ClusterSnapshot& snapshot);
/// "kill of crdb-2".
[[nodiscard]] std::string words_of(const FaultView& fault);

/// What the container of each node did last.
using ContainerNews = std::map<NodeId, ClusterEvent>;

/// Links each event of a node, without a cause of its own, to what its container did
/// last, if that explains it: bad follows bad for as long as it lasts, good follows good
/// within a minute. Ids are given already; container events are entered into `news`. Pure.
void link_causes(std::vector<ClusterEvent>& events, ContainerNews& news);

}  // namespace faultline::observe
