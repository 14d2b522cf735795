#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

struct ChaosEvent {
  enum class Kind { target_state, fault_state, experiment_state };
  std::int64_t seq = 0;  ///< Given by the feed.
  WallTime at;
  Kind kind = Kind::target_state;
  std::string target;
  std::optional<NodeId> node_id;
  std::optional<FaultId> fault_id;
  std::string state;  ///< Of the target, the fault or the experiment, as on the wire.
  std::string sentence;
  std::optional<std::string> experiment_id = {};  ///< Also of the faults that it began.
};

struct FeedBatch {
  std::string boot;
  std::int64_t seq = 0;
  bool gap = false;  ///< Events after the asked seq are no longer kept, or were of another boot.
  std::vector<ChaosEvent> events;
};

struct FeedQuery {
  std::optional<std::int64_t> after;  ///< Empty: answer at once.
  std::optional<std::string> boot;
  milliseconds wait{0};
};

struct FeedLimits {
  std::size_t events_kept = 1024;
  std::size_t polls_waiting = 64;
};

/// What happened, numbered, for those who ask "what since seq?". Long polls wait
/// here and are answered once each, by the thread in `run`. Any thread. Answers are
/// called without the lock, and must not block.
class EventFeed {
 public:
  using Answer = std::function<void(const FeedBatch&)>;

  EventFeed(std::string boot, FeedLimits limits) : boot_(std::move(boot)), limits_(limits) {}

  [[nodiscard]] const std::string& boot() const { return boot_; }
  [[nodiscard]] std::int64_t seq() const;

  void publish(ChaosEvent event);
  /// Calls `answer` exactly once, now or later; or fails with `unavailable`, when
  /// too many wait, and never calls it.
  Status poll(const FeedQuery& query, SteadyTime now, Answer answer);

  /// Answers every poll that has news or has waited long enough. Returns how long
  /// the rest may wait.
  milliseconds step(SteadyTime now);
  void run(const std::stop_token& stop);
  /// Answers everybody; polls after this are answered at once.
  void close();

 private:
  struct Waiting {
    std::int64_t after;
    SteadyTime until;
    Answer answer;
  };

  [[nodiscard]] FeedBatch batch_after(const std::optional<std::int64_t>& after,
                                      bool same_boot) const;

  const std::string boot_;
  const FeedLimits limits_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable_any changed_;
  std::deque<ChaosEvent> events_;
  std::vector<Waiting> waiting_;
  std::int64_t seq_ = 0;
  std::int64_t answered_seq_ = 0;  ///< What step() has looked at.
  bool poll_added_ = false;        ///< Since the last step().
  bool closed_ = false;
};

}  // namespace faultline::chaos
