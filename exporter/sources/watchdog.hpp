#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>

#include "common/base/clock.hpp"

namespace faultline::sql {

/// Ends blocking calls on sockets at their deadlines, or all of them when `abort` is asked
/// for, by shutting the socket down. The only thing that works against a peer that accepts
/// and says nothing: statement_timeout is the server's, and the kernel of a paused
/// process goes on acknowledging. One thread for all sockets, asleep until the earliest
/// deadline that was ever asked of it: a call that is over in time costs no wakeup.
class Watchdog {
 public:
  explicit Watchdog(const std::stop_token& abort);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// A socket is watched for as long as this lives, and must stay open that long.
  class [[nodiscard]] Watch {
   public:
    Watch(Watchdog& dog, std::uint64_t id) : dog_(dog), id_(id) {}
    ~Watch() { dog_.forget(id_); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Watchdog& dog_;
    std::uint64_t id_;
  };
  /// Any thread. At once when it is late already, or was aborted. Outlives the watch.
  Watch watch(int socket, Deadline deadline);
  /// Whether everything is to end.
  [[nodiscard]] bool aborted() const { return abort_.stop_requested(); }

 private:
  struct Watched {
    int socket;
    Deadline deadline;
  };
  struct Bell {
    Watchdog* dog;
    void operator()() const { dog->ring(); }
  };

  void run(const std::stop_token& stop);
  SteadyTime end_what_is_late();  // Locked.
  void forget(std::uint64_t id);
  void ring();

  const std::stop_token abort_;
  std::mutex mutex_;  // Guards all up to the thread.
  std::condition_variable_any bell_;
  std::map<std::uint64_t, Watched> watched_;
  std::uint64_t last_id_ = 0;
  SteadyTime wakes_at_{};
  bool rung_ = false;
  std::jthread thread_;
  std::stop_callback<Bell>
      on_abort_;  // Last: may ring as soon as it is made, and until it is gone.
};

}  // namespace faultline::sql
