#include "exporter/sources/watchdog.hpp"

#include <algorithm>

#include <sys/socket.h>

namespace faultline::sql {

namespace {

constexpr auto kIdle = std::chrono::hours{1};  // With nothing to watch; a watch rings before.

}  // namespace

Watchdog::Watchdog(const std::stop_token& abort)
    : abort_(abort),
      thread_([this](const std::stop_token& stop) { run(stop); }),
      on_abort_(abort, Bell{this}) {}

Watchdog::Watch Watchdog::watch(int socket, Deadline deadline) {
  const std::lock_guard lock(mutex_);
  watched_.emplace(++last_id_, Watched{socket, deadline});
  if (deadline < wakes_at_ || aborted()) {
    rung_ = true;
    bell_.notify_all();
  }
  return {*this, last_id_};
}

void Watchdog::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wakes_at_ = end_what_is_late();
    bell_.wait_until(lock, stop, wakes_at_, [this] { return rung_; });
    rung_ = false;
  }
}

SteadyTime Watchdog::end_what_is_late() {
  const SteadyTime now = std::chrono::steady_clock::now();
  SteadyTime next = now + kIdle;
  for (auto it = watched_.begin(); it != watched_.end();) {
    const Watched& watched = it->second;
    if (aborted() || watched.deadline <= now) {
      ::shutdown(watched.socket, SHUT_RDWR);
      it = watched_.erase(it);
    } else {
      next = std::min(next, watched.deadline);
      ++it;
    }
  }
  return next;
}

void Watchdog::forget(std::uint64_t id) {
  const std::lock_guard lock(mutex_);  // Not while its socket is being shut down.
  watched_.erase(id);
}

void Watchdog::ring() {
  {
    const std::lock_guard lock(mutex_);
    rung_ = true;
  }
  bell_.notify_all();
}

}  // namespace faultline::sql
