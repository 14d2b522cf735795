// What the ledger gives out to be done, and to whom.
#include <algorithm>
#include <utility>

#include "chaosd/faults/fault.hpp"
#include "chaosd/service/ledger.hpp"

namespace faultline::chaos {

namespace {

constexpr std::size_t kStartsMax = 256;

bool takes(Lane lane, Job::Work work) {
  return lane == Lane::any || work == Job::Work::undo || work == Job::Work::check;
}

}  // namespace

/// What we laid down beside the target is taken away without a look at what else is done to it,
/// which may be a drain that takes minutes.
bool Ledger::may_pass(const Entry& entry, Job::Work work) {
  return work == Job::Work::undo && fault_of(entry.record.view.kind).leaves_marks();
}

bool Ledger::is_busy(const std::string& target_id) const {
  return busy_targets_.contains(target_id);
}

Status Ledger::request_start(const std::string& target_id, const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (const auto& job : starts_) {
    if (job.record.target_id == target_id) return kDone;
  }
  if (starts_.size() >= kStartsMax) {
    return Error{ErrorCode::unavailable, "too many targets are waiting to be started"};
  }
  Job job{Job::Work::start, {}, {}};
  job.record.target_id = target_id;
  job.record.view.target = name;
  starts_.push_back(std::move(job));
  version_ += 1;
  changed_.notify_all();
  return kDone;
}

std::optional<Job::Work> Ledger::due(const Entry& entry, const Now& now) const {
  if (entry.claimed || now.steady < entry.progress.not_before) return std::nullopt;
  const auto work = due_by_itself(entry, now);
  if (work && is_busy(entry.record.target_id) && !may_pass(entry, *work)) return std::nullopt;
  return work;
}

std::optional<Job::Work> Ledger::due_by_itself(const Entry& entry, const Now& now) {
  using Work = Job::Work;
  switch (entry.record.view.state) {
    case FaultState::queued: return Work::inject;
    case FaultState::injecting:
      return entry.progress.applied && !entry.progress.undo_requested ? Work::verify : Work::undo;
    case FaultState::active:
      if (entry.progress.undo_requested || deadline_passed(entry.record, now) ||
          fault_of(entry.record.view.kind).ends_at_once()) {
        return Work::undo;
      }
      if (entry.progress.suspect || now.steady >= entry.progress.check_at) return Work::check;
      return std::nullopt;
    case FaultState::reverting:
    case FaultState::revert_failed: return Work::undo;
    case FaultState::reverted:
    case FaultState::failed: return std::nullopt;
  }
  FAULTLINE_ENSURE(false, "every fault state is judged");
}

std::optional<Job> Ledger::take_start() {
  const auto start = std::find_if(starts_.begin(), starts_.end(),
                                  [&](const Job& job) { return !is_busy(job.record.target_id); });
  if (start == starts_.end()) return std::nullopt;
  Job job = std::move(*start);
  starts_.erase(start);
  busy_targets_[job.record.target_id] += 1;
  return job;
}

std::optional<Job> Ledger::claim(Lane lane) {
  const std::lock_guard lock(mutex_);
  const Now now = clock_.now();
  mark_overdue(now);
  if (takes(lane, Job::Work::start)) {
    if (auto job = take_start()) return job;
  }
  Entry* chosen = nullptr;
  Job::Work work = Job::Work::inject;
  for (auto& entry : entries_) {
    const auto next = due(entry, now);
    if (!next || !takes(lane, *next)) continue;
    if (chosen != nullptr && *next != Job::Work::undo) continue;
    chosen = &entry;
    work = *next;
    if (work == Job::Work::undo) break;  // Healing goes first.
  }
  if (chosen == nullptr) return std::nullopt;
  chosen->claimed = true;
  busy_targets_[chosen->record.target_id] += 1;
  Job job{work, chosen->record, chosen->progress};
  chosen->progress.suspect = false;
  return job;
}

void Ledger::release(const Job& job) {
  const std::lock_guard lock(mutex_);
  const auto busy = busy_targets_.find(job.record.target_id);
  FAULTLINE_ENSURE(busy != busy_targets_.end(), "only what was claimed is released");
  if (--busy->second == 0) busy_targets_.erase(busy);
  if (Entry* entry = entry_of(job.record.view.id)) {
    const Progress asked = entry->progress;  // What others asked for meanwhile.
    entry->claimed = false;
    entry->progress = job.progress;
    entry->progress.suspect = asked.suspect || job.progress.suspect;
    if (asked.undo_requested && !job.progress.undo_requested) {
      entry->progress.undo_requested = true;
      entry->progress.undo_reason = asked.undo_reason;
      entry->progress.not_before = {};
    }
  }
  version_ += 1;
  changed_.notify_all();
}

milliseconds Ledger::idle_for(Lane lane) const {
  const std::lock_guard lock(mutex_);
  return until_due(lane);
}

milliseconds Ledger::until_due(Lane lane) const {
  const auto is_free = [&](const Job& job) { return !is_busy(job.record.target_id); };
  if (takes(lane, Job::Work::start) && std::any_of(starts_.begin(), starts_.end(), is_free)) {
    return milliseconds{0};
  }
  const Now now = clock_.now();
  const auto until = [&](SteadyTime time) {
    return std::chrono::ceil<milliseconds>(time - now.steady);
  };
  milliseconds left{1000};
  for (const auto& entry : entries_) {
    if (entry.claimed || !is_open(entry.record.view.state)) continue;
    if (entry.progress.not_before > now.steady) {
      left = std::min(left, until(entry.progress.not_before));
      continue;
    }
    if (const auto work = due(entry, now)) {
      if (takes(lane, *work)) return milliseconds{0};
      continue;
    }
    // Whoever is done with the target wakes us.
    const bool busy = is_busy(entry.record.target_id);
    if (entry.record.view.state != FaultState::active) continue;
    if (!busy || may_pass(entry, Job::Work::undo)) {
      left = std::min(left, time_left(entry.record, now));
    }
    if (!busy && entry.progress.check_at != SteadyTime::max()) {
      left = std::min(left, until(entry.progress.check_at));
    }
  }
  return std::max(left, milliseconds{1});
}

void Ledger::wait_for_work(Lane lane, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const milliseconds left = until_due(lane);
  if (left == milliseconds{0}) return;
  const auto version = version_;
  changed_.wait_for(lock, stop, left, [&] { return version_ != version; });
}

}  // namespace faultline::chaos
