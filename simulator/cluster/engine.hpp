#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "simulator/cluster/node.hpp"

namespace faultline::sim::cluster {

/// Wall time in the model's unit.
[[nodiscard]] Time wall_now();

/// How long a caller is willing to wait.
struct Patience {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  const std::atomic<bool>* cancelled = nullptr;
};

enum class WaitEnd : std::uint8_t { answered, timed_out, cancelled };

/// A node shared between threads: the network thread steps it, session threads ask
/// it. Its mutex guards the node and nothing else; it is never held across a wait
/// for the cluster, nor across I/O.
class Engine {
 public:
  /// `node` outlives this. `wake` tells the network thread that there is something
  /// to send; called without the lock, from any thread.
  Engine(Node& node, std::function<void()> wake) : node_(node), wake_(std::move(wake)) {}

  /// Runs `look` on the node under the lock.
  template <class F>
  auto with(F&& look) {
    const std::lock_guard lock(mutex_);
    return look(node_);
  }

  /// Asks a range and waits: for ever, if nobody can answer and nobody loses patience.
  WaitEnd ask(const KvRequest& request, const Patience& patience, KvReply& reply);
  /// All at once; every one must be answered. With `give_up_seconds` (before the time
  /// scale) one that is not counts as answered `unavailable` then.
  WaitEnd ask_all(const std::vector<KvRequest>& requests, const Patience& patience,
                  std::vector<KvReply>& replies, double give_up_seconds = 0);
  /// Waits until `ready` says true of the node, looking every few milliseconds.
  WaitEnd wait_until(const Patience& patience, const std::function<bool(Node&)>& ready);

 private:
  struct Waiting {
    std::mutex mutex;  ///< Guards the rest, between the network thread and the asker.
    std::condition_variable changed;
    std::vector<KvReply> replies;
    std::size_t missing = 0;
  };

  std::mutex mutex_;  ///< Guards node_.
  Node& node_;
  std::function<void()> wake_;
};

}  // namespace faultline::sim::cluster
