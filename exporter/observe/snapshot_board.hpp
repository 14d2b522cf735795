#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "common/cluster/event.hpp"
#include "common/cluster/snapshot.hpp"
#include "exporter/observe/impact.hpp"
#include "exporter/observe/timeline.hpp"

namespace faultline::observe {

/// Where the latest picture hangs. The observer publishes; scrapes, the stream
/// and the API read. Nobody waits for the database here. Any thread.
class SnapshotBoard {
 public:
  /// Told of each publication on the publisher's thread, after it is visible: must
  /// only hand over (post), never block. Subscribe before the first publication.
  using Subscriber = std::function<void(const SnapshotPtr&, const std::vector<ClusterEvent>&)>;
  void subscribe(Subscriber subscriber);

  void publish(SnapshotPtr snapshot, const std::vector<ClusterEvent>& events);

  /// What forecasts are made from; set before the snapshot that goes with it.
  void set_basis(std::shared_ptr<const ImpactBasis> basis);

  /// Null until the first publication.
  [[nodiscard]] SnapshotPtr latest() const;
  [[nodiscard]] std::shared_ptr<const ImpactBasis> basis() const;  ///< The same.
  // The timeline, as Timeline has it.
  [[nodiscard]] TimelinePage timeline(std::int64_t since, std::size_t limit) const;
  [[nodiscard]] std::vector<ClusterEvent> latest_events(std::size_t count,
                                                        std::int64_t last_id) const;

 private:
  mutable std::mutex mutex_;  // Guards latest_, basis_ and timeline_.
  SnapshotPtr latest_;
  std::shared_ptr<const ImpactBasis> basis_;
  Timeline timeline_;
  std::vector<Subscriber> subscribers_;
};

}  // namespace faultline::observe
