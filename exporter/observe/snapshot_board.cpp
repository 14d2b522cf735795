#include "exporter/observe/snapshot_board.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace faultline::observe {

void SnapshotBoard::subscribe(Subscriber subscriber) {
  subscribers_.push_back(std::move(subscriber));
}

void SnapshotBoard::publish(SnapshotPtr snapshot, const std::vector<ClusterEvent>& events) {
  {
    const std::lock_guard lock(mutex_);
    latest_ = snapshot;
    events_.insert(events_.end(), events.begin(), events.end());
    while (events_.size() > kEventsMax) events_.pop_front();
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

std::vector<ClusterEvent> SnapshotBoard::events_after(std::int64_t after_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<ClusterEvent> found;
  std::copy_if(events_.begin(), events_.end(), std::back_inserter(found),
               [&](const ClusterEvent& event) { return event.id > after_id; });
  return found;
}

}  // namespace faultline::observe
