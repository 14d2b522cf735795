#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "simulator/cluster/timing.hpp"

namespace faultline::sim::cluster {

/// A latency histogram in nanoseconds, with the recorded server's buckets: sixteen to
/// each power of two, and only those that something fell into.
class Histogram {
 public:
  void add(std::int64_t nanos);
  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] double sum() const { return sum_; }
  [[nodiscard]] std::int64_t max() const { return max_; }
  /// Upper bound (inclusive) to how many fell in.
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& buckets() const { return buckets_; }
  /// The upper bound of the bucket that holds that fraction (0 to 1); 0 when empty.
  [[nodiscard]] std::int64_t quantile(double fraction) const;

 private:
  std::map<std::int64_t, std::int64_t> buckets_;
  std::int64_t count_ = 0;
  std::int64_t max_ = 0;
  double sum_ = 0;
};

/// What a node knows of the connection to one peer when it looks.
struct LinkView {
  bool up = false;    ///< A TCP connection stands.
  Time heard_at = 0;  ///< When the peer last answered a ping; 0: never.
};

/// The heartbeats on the RPC connections to one peer. Two classes of connection (system
/// and default), each with a loop of its own. Every 3 s one is sent; not answered for 6 s,
/// or its connection closed, the loop has failed; 2 s later it dials anew and is
/// initializing until the peer answers. So a lost link shows after 6-9 s as recorded
/// (two loops of nominal less, after some seconds of failed), and a dead process at once.
/// Not thread-safe; lives inside a node.
class RpcLink {
 public:
  static constexpr std::size_t kClasses = 2;
  enum class State : std::uint8_t { initializing, nominal, failed };

  void step(Time now, const Timing& timing, const LinkView& view);
  /// The peer answered a ping after so long.
  void answered(std::int64_t nanos);

  [[nodiscard]] std::int64_t count(State state) const;
  [[nodiscard]] State state(std::size_t connection_class) const {
    return loops_[connection_class].state;
  }
  /// A moving average, in nanoseconds; 0 until the peer has answered.
  [[nodiscard]] double latency() const { return latency_; }
  /// Since when all loops are nominal, or since when one is not.
  [[nodiscard]] Time changed_at() const { return changed_at_; }
  [[nodiscard]] bool healthy() const { return count(State::nominal) == kClasses; }
  [[nodiscard]] std::int64_t heartbeats() const { return heartbeats_; }
  [[nodiscard]] std::int64_t failures() const { return failures_; }

 private:
  struct Loop {
    State state = State::initializing;
    Time sent_at = 0;  ///< Of the heartbeat that waits for its answer; 0: none.
    Time next_at = 0;
    Time failed_at = 0;
  };
  void step(Loop& loop, Time phase, Time now, const Timing& timing, const LinkView& view);

  std::array<Loop, kClasses> loops_;
  double latency_ = 0;
  Time changed_at_ = 0;
  bool was_healthy_ = false;
  std::int64_t heartbeats_ = 0, failures_ = 0;
};

}  // namespace faultline::sim::cluster
