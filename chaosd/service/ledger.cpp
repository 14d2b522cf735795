#include "chaosd/service/ledger.hpp"

#include <algorithm>
#include <utility>

#include "chaosd/runtime/fault_point.hpp"

namespace faultline::chaos {

namespace {

// Undoing takes its moment; an alarm for every moment would be a false one.
constexpr milliseconds kOverdueAfter{2000};
constexpr std::size_t kEndedKept = 200;
constexpr milliseconds kOutcomeEvery{10'000};
constexpr std::size_t kOpenMax = 256;

}  // namespace

Ledger::Ledger(Journal journal, const ChaosClock& clock, EventFeed& feed, Logger log)
    : clock_(clock), feed_(feed), log_(std::move(log)), journal_(std::move(journal)) {}

void Ledger::adopt(std::vector<Recovered> recovered) {
  const std::lock_guard lock(mutex_);
  for (auto& [record, progress, changed] : recovered) {
    entries_.push_back({record, progress, false});
    if (!is_open(record.view.state) && !changed) continue;
    log_->warn("fault of an earlier run fault={} state={} target={} reason={}",
               record.view.id.value, to_string(record.view.state), record.view.target,
               record.view.reason);
    if (changed) (void)write(entries_.back(), record);  // Logged there; healing goes on.
  }
}

bool Ledger::adopt_found(const Recovered& found) {
  const std::lock_guard lock(mutex_);
  Entry* entry = entry_of(found.record.view.id);
  if (entry != nullptr && !entry->progress.never_begun) return false;
  if (entry == nullptr) entry = &entries_.emplace_back();
  *entry = {found.record, found.progress, false};
  const auto& view = found.record.view;
  log_->warn("fault that the journal lost, found by its mark fault={} kind={} target={}",
             view.id.value, to_string(view.kind), view.target);
  (void)write(*entry, found.record);  // Logged there; healing goes on.
  version_ += 1;
  changed_.notify_all();
  return true;
}

Status Ledger::open(const FaultRecord& record) { return open_all({record}); }

Status Ledger::fits(const FaultRecord& record) const {
  for (const auto& entry : entries_) {
    if (!is_open(entry.record.view.state)) continue;
    if (auto together = overlap(entry.record, record); !together) return together;
  }
  return kDone;
}

Status Ledger::may_open(const std::vector<FaultRecord>& records) const {
  for (auto record = records.begin(); record != records.end(); ++record) {
    if (auto free = fits(*record); !free) return free;
    for (auto earlier = records.begin(); earlier != record; ++earlier) {
      if (auto together = overlap(*earlier, *record); !together) return together;
    }
  }
  const auto open = static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [](const Entry& entry) { return is_open(entry.record.view.state); }));
  if (open + records.size() > kOpenMax) {
    return Error{ErrorCode::conflict, std::to_string(open) + " faults are open; undo some first"};
  }
  return kDone;
}

Status Ledger::open_all(const std::vector<FaultRecord>& records,
                        const std::optional<GuardTicket>& ticket) {
  const std::lock_guard lock(mutex_);
  if (auto free = may_open(records); !free) return free;
  const std::size_t before = entries_.size();
  for (const auto& record : records) {
    Entry entry{record, {}, false};
    entry.progress.ticket = ticket;
    if (auto written = write(entry, record); !written) {
      // Those before it are on disk as queued, and nobody has begun them yet.
      for (std::size_t i = before; i < entries_.size(); ++i) {
        undo_entry(entries_[i], "the others could not be written down");
      }
      return Error{ErrorCode::unavailable,
                   "nothing was done, because it could not be written down first: " +
                       written.error().message};
    }
    entries_.push_back(std::move(entry));
  }
  forget_oldest();
  compact_journal();
  version_ += 1;
  changed_.notify_all();
  return kDone;
}

void Ledger::compact_journal() {
  if (!journal_.wants_compaction()) return;
  std::vector<FaultRecord> records;
  for (const auto& entry : entries_) records.push_back(entry.record);
  if (auto compacted = journal_.compact(records); !compacted) {
    log_->warn("the journal cannot be compacted, it grows on error={}", compacted.error().message);
  }
}

void Ledger::forget_oldest() {
  auto ended = static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(),
      [](const Entry& entry) { return !is_open(entry.record.view.state) && !entry.claimed; }));
  for (auto entry = entries_.begin(); ended > kEndedKept && entry != entries_.end();) {
    if (is_open(entry->record.view.state) || entry->claimed) {
      ++entry;
      continue;
    }
    entry = entries_.erase(entry);
    ended -= 1;
  }
}

Ledger::Entry* Ledger::entry_of(const FaultId& id) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.record.view.id == id; });
  return entry == entries_.end() ? nullptr : &*entry;
}

FaultView Ledger::undo_entry(Entry& entry, const std::string& reason) {
  if (!is_open(entry.record.view.state)) return entry.record.view;
  if (!entry.progress.undo_requested) entry.progress.undo_reason = reason;
  entry.progress.undo_requested = true;
  entry.progress.not_before = {};
  if (entry.claimed) return entry.record.view;  // Its worker is told when it releases it.
  FaultRecord record = entry.record;
  if (record.view.state == FaultState::queued) {
    record.view.state = FaultState::failed;
    record.view.reason = reason + ", before it was begun";
    record.view.ended_at = clock_.now().wall;
    (void)write(entry, record);
  } else if (record.view.state == FaultState::active) {
    record.view.state = FaultState::reverting;
    record.view.reason = reason;
    (void)write(entry, record);
  }
  return entry.record.view;
}

Result<FaultView> Ledger::request_undo(const FaultId& id, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  Entry* entry = entry_of(id);
  if (entry == nullptr) return Error{ErrorCode::not_found, "no fault " + id.value + " is known"};
  FaultView view = undo_entry(*entry, reason);
  version_ += 1;
  changed_.notify_all();
  return view;
}

std::vector<FaultView> Ledger::request_undo_all(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  std::vector<FaultView> views;
  for (auto& entry : entries_) {
    if (is_open(entry.record.view.state)) views.push_back(undo_entry(entry, reason));
  }
  sweep_asked_ = true;
  version_ += 1;
  changed_.notify_all();
  return views;
}

void Ledger::request_sweep() {
  const std::lock_guard lock(mutex_);
  sweep_asked_ = true;
  version_ += 1;
  changed_.notify_all();
}

bool Ledger::take_sweep_request() {
  const std::lock_guard lock(mutex_);
  return std::exchange(sweep_asked_, false);
}

void Ledger::request_undo_of(const std::string& experiment, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  for (auto& entry : entries_) {
    const auto& view = entry.record.view;
    if (is_open(view.state) && view.experiment && view.experiment->id == experiment) {
      undo_entry(entry, reason);
    }
  }
  version_ += 1;
  changed_.notify_all();
}

void Ledger::note_outcome(const FaultId& id, const Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  Entry* entry = entry_of(id);
  if (entry == nullptr) return;  // Forgotten meanwhile.
  auto& kept = entry->record.outcome;
  const bool news = !kept || !same_facts(*kept, outcome);
  kept = outcome;
  if (!news && outcome.watched - entry->outcome_on_disk < kOutcomeEvery) return;
  entry->outcome_on_disk = outcome.watched;
  const auto written = journal_.append(entry->record);
  (written ? journal_lines_ : journal_failures_) += 1;
  if (!written) {
    log_->error("the outcome cannot be written fault={} error={}", id.value,
                written.error().message);
  }
  compact_journal();
}

void Ledger::target_changed(const std::string& target_id) {
  const std::lock_guard lock(mutex_);
  for (auto& entry : entries_) {
    if (!is_open(entry.record.view.state) || !concerns(entry.record, target_id)) continue;
    entry.progress.suspect = true;
    version_ += 1;
    changed_.notify_all();
  }
}

Status Ledger::write(Entry& entry, const FaultRecord& record) {
  const std::string state{to_string(record.view.state)};
  fault_point("before:" + state);
  auto written = journal_.append(record);
  fault_point("after:" + state);
  journal_lines_ += written ? 1 : 0;
  if (!written) {
    journal_failures_ += 1;
    log_->error("the journal cannot be written fault={} error={}", record.view.id.value,
                written.error().message);
    // Nothing new is begun unless it is on disk; what ends or is undone goes on.
    if (record.view.state == FaultState::queued || record.view.state == FaultState::injecting) {
      return written;
    }
  }
  entry.record = record;
  publish(record.view);
  return written;
}

Status Ledger::commit(const FaultRecord& record) {
  const std::lock_guard lock(mutex_);
  Entry* entry = entry_of(record.view.id);
  FAULTLINE_ENSURE(entry != nullptr && entry->claimed, "only who claimed a fault changes it");
  FaultRecord merged = record;
  merged.outcome = entry->record.outcome;  // Of another writer, who does not claim.
  merged.view.overdue = entry->record.view.overdue && is_open(record.view.state);
  return write(*entry, merged);
}

void Ledger::mark_overdue(const Now& now) {
  for (auto& entry : entries_) {
    auto& view = entry.record.view;
    if (view.overdue || !is_open(view.state)) continue;
    if (time_left(entry.record, now) > -kOverdueAfter) continue;
    view.overdue = true;
    log_->error("fault is overdue fault={} target={} state={}", view.id.value, view.target,
                to_string(view.state));
    publish(view);
  }
}

void Ledger::publish(const FaultView& fault) {
  log_->info("fault fault={} kind={} target={} state={} reason={}", fault.id.value,
             to_string(fault.kind), fault.target, to_string(fault.state), fault.reason);
  feed_.publish({0, clock_.now().wall, ChaosEvent::Kind::fault_state, fault.target, fault.node_id,
                 fault.id, std::string{to_string(fault.state)}, describe(fault),
                 fault.experiment ? std::optional{fault.experiment->id} : std::nullopt});
}

}  // namespace faultline::chaos
