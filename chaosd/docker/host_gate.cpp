#include "chaosd/docker/host_gate.hpp"

#include <algorithm>

namespace faultline::chaos {

namespace {

/// Whatever else an Engine answers, it answers.
bool is_away(const Status& outcome) {
  return !outcome && (outcome.error().code == ErrorCode::timeout ||
                      outcome.error().code == ErrorCode::unavailable);
}

}  // namespace

Result<HostGate::Entry> HostGate::enter(Deadline deadline) {
  const auto now = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  if (sight_ == Sight::never_asked && trial_running_) {
    changed_.wait_until(lock, std::min<Deadline>(deadline, now + kFirstWait),
                        [this] { return sight_ != Sight::never_asked; });
  }
  if (sight_ == Sight::answers) return Entry::free;
  if (trial_running_ || (trial_at_ && now - *trial_at_ < kTrialEvery)) {
    return Error{ErrorCode::unavailable, why_};
  }
  trial_running_ = true;
  trial_at_ = now;
  return Entry::trial;
}

void HostGate::leave(Entry entry, const Status& outcome) {
  const std::lock_guard lock(mutex_);
  if (entry == Entry::trial) trial_running_ = false;
  learn(outcome);
}

void HostGate::tell(const Status& outcome) {
  const std::lock_guard lock(mutex_);
  learn(outcome);
}

void HostGate::learn(const Status& outcome) {
  const Sight now = is_away(outcome) ? Sight::away : Sight::answers;
  if (now == Sight::away) why_ = outcome.error().message;
  if (now == sight_) return;
  sight_ = now;
  changed_.notify_all();
  if (now == Sight::answers) {
    log_->info("Docker host answers host={}", host_);
  } else {
    log_->warn("Docker host does not answer host={} error={}", host_, why_);
  }
}

}  // namespace faultline::chaos
