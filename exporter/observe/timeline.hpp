#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "common/cluster/event.hpp"

namespace faultline::observe {

/// What happened, in order, as far back as `kEventsMax` events. One for all who come
/// later: the API, stream clients that have just connected. Not for several threads:
/// SnapshotBoard guards it.
class Timeline {
 public:
  static constexpr std::size_t kEventsMax = 2'000;

  /// Ids go up by one from event to event.
  void append(const std::vector<ClusterEvent>& events);

  /// At most `limit` events with an id greater than `since`. A `since` that was never
  /// given out comes from another boot: then from the oldest on, with a gap.
  [[nodiscard]] TimelinePage page(std::int64_t since, std::size_t limit) const;

  /// The last `count` of those up to the event `last_id`, oldest first.
  [[nodiscard]] std::vector<ClusterEvent> latest(std::size_t count, std::int64_t last_id) const;

 private:
  std::deque<ClusterEvent> events_;
};

}  // namespace faultline::observe
