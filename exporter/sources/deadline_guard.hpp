#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include <sys/socket.h>

#include "common/base/clock.hpp"

namespace faultline::sql {

/// Ends a blocking call on `socket` at `deadline`, or when `abort` is asked for, by
/// shutting the socket down. The only thing that works against a peer that accepts
/// and says nothing: statement_timeout is the server's, and the kernel of a paused
/// process goes on acknowledging. The socket must stay open for as long as this lives.
class DeadlineGuard {
 public:
  DeadlineGuard(int socket, Deadline deadline, const std::stop_token& abort)
      : on_abort_(abort, Bell{this}),
        thread_([this, socket, deadline](const std::stop_token& done) {
          std::unique_lock lock(mutex_);
          bell_.wait_until(lock, done, deadline, [this] { return aborted_; });
          if (!done.stop_requested()) ::shutdown(socket, SHUT_RDWR);
        }) {}
  DeadlineGuard(const DeadlineGuard&) = delete;
  DeadlineGuard& operator=(const DeadlineGuard&) = delete;

 private:
  struct Bell {
    DeadlineGuard* guard;
    void operator()() const {
      {
        const std::lock_guard lock(guard->mutex_);
        guard->aborted_ = true;
      }
      guard->bell_.notify_all();
    }
  };

  std::mutex mutex_;  // Guards aborted_.
  std::condition_variable_any bell_;
  bool aborted_ = false;
  std::stop_callback<Bell> on_abort_;
  std::jthread thread_;  // Last: stops and joins before the rest goes.
};

}  // namespace faultline::sql
