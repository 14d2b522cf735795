#include "exporter/observe/snapshot_board.hpp"

#include <utility>

namespace faultline::observe {

void SnapshotBoard::subscribe(Subscriber subscriber) {
  subscribers_.push_back(std::move(subscriber));
}

void SnapshotBoard::publish(SnapshotPtr snapshot, const std::vector<ClusterEvent>& events) {
  {
    const std::lock_guard lock(mutex_);
    latest_ = snapshot;
    timeline_.append(events);
  }
  for (const auto& subscriber : subscribers_) subscriber(snapshot, events);
}

void SnapshotBoard::set_basis(std::shared_ptr<const ImpactBasis> basis) {
  const std::lock_guard lock(mutex_);
  basis_ = std::move(basis);
}

std::shared_ptr<const ImpactBasis> SnapshotBoard::basis() const {
  const std::lock_guard lock(mutex_);
  return basis_;
}

SnapshotPtr SnapshotBoard::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

TimelinePage SnapshotBoard::timeline(std::int64_t since, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  return timeline_.page(since, limit);
}

std::vector<ClusterEvent> SnapshotBoard::latest_events(std::size_t count,
                                                       std::int64_t last_id) const {
  const std::lock_guard lock(mutex_);
  return timeline_.latest(count, last_id);
}

}  // namespace faultline::observe
