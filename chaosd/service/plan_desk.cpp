#include "chaosd/service/plan_desk.hpp"

#include <exception>
#include <utility>

namespace faultline::chaos {

Status PlanDesk::submit(std::function<void()> work, std::function<void()> too_late) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kWaitingMax) {
    return Error{ErrorCode::unavailable,
                 std::to_string(kWaitingMax) + " plans wait already; try again in a second"};
  }
  waiting_.push_back({clock_.now().steady, std::move(work), std::move(too_late)});
  changed_.notify_one();
  return kDone;
}

bool PlanDesk::step() {
  Waiting next;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  try {
    (clock_.now().steady - next.since > kWaitMost ? next.too_late : next.work)();
  } catch (const std::exception& exception) {
    log_->error("plan failed error={}", exception.what());
  }
  return true;
}

void PlanDesk::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (step()) continue;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return !waiting_.empty(); });
  }
}

}  // namespace faultline::chaos
