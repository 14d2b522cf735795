#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/log.hpp"
#include "common/poll/poller.hpp"
#include "exporter/observe/assemble.hpp"
#include "exporter/observe/cause.hpp"
#include "exporter/observe/snapshot_board.hpp"

namespace faultline::observe {

/// Events since the start, by EventKind.
using EventCounts = std::array<std::int64_t, kEventKinds>;

/// Merges what the sources said into the picture, tells what changed, hangs it on the
/// board, and tells the sources back whom to ask and how fast. `step` is the whole
/// logic; the thread waits for the bell that pollers ring.
class Observer {
 public:
  struct Wiring {
    std::function<Readings()> read;              ///< Copies of the latest readings; never blocks.
    std::vector<poll::Pace*> pollers;            ///< All of them: fast together.
    std::vector<poll::Pace*> on_news_of_nodes;   ///< Read at once when an address is learnt.
    std::vector<poll::Pace*> on_departure = {};  ///< Read at once when a node has left.
  };

  /// References outlive this. `boot` names this run of the exporter; `news` is rung
  /// when something was read.
  Observer(std::string boot, Seeds seeds, Wiring wiring, poll::Wakeup& news,
           sources::Roster& roster, SnapshotBoard& board, const Clock& clock, Logger log);

  /// Begins on a thread of its own.
  void start();
  /// Ends it and waits: nothing is published afterwards.
  void stop();

  /// One look. Publishes when something changed, and at least once a second so that
  /// ages move. Returns when the next look is due if nobody rings.
  SteadyTime step();

  [[nodiscard]] EventCounts event_counts() const;  ///< Any thread.

 private:
  static constexpr milliseconds kPublishEvery{1'000};
  static constexpr milliseconds kUnsettledFor{30'000};  ///< After the last event.
  static constexpr milliseconds kOutageWatch{600'000};  ///< Fast that long, then at rest.

  void publish(ClusterSnapshot snapshot, std::vector<ClusterEvent> events);
  [[nodiscard]] std::vector<ClusterEvent> read_log(const Readings& readings,
                                                   const ClusterSnapshot& snapshot);
  [[nodiscard]] bool unsettled(const ClusterSnapshot& snapshot) const;

  const std::string boot_;
  const Seeds seeds_;
  const Wiring wiring_;
  poll::Wakeup& news_;
  sources::Roster& roster_;
  SnapshotBoard& board_;
  const Clock& clock_;
  const Logger log_;
  Memory memory_;
  std::int64_t seq_ = 0;
  std::int64_t last_event_id_ = 0;
  SteadyTime next_publish_;
  std::optional<WallTime> last_event_at_;
  ContainerNews container_news_;
  std::int64_t last_log_serial_ = 0;  ///< Of what the cluster wrote about itself.
  mutable std::mutex mutex_;          // Guards counts_.
  EventCounts counts_{};
  std::jthread thread_;  // Last: stops and joins before the rest goes.
};

}  // namespace faultline::observe
