// What the ledger tells; what it does is in ledger.cpp.
#include <algorithm>

#include "chaosd/service/ledger.hpp"

namespace faultline::chaos {

std::vector<FaultView> Ledger::faults(bool open_only) const {
  const std::lock_guard lock(mutex_);
  std::vector<FaultView> views;
  for (const auto& entry : entries_) {
    if (!open_only || is_open(entry.record.view.state)) views.push_back(entry.record.view);
  }
  return views;
}

std::vector<FaultView> Ledger::faults_since(WallTime since) const {
  std::vector<FaultView> views = faults(false);
  std::erase_if(views, [&](const FaultView& fault) {
    return !is_open(fault.state) && fault.ended_at.value_or(fault.created_at) < since;
  });
  return views;
}

std::vector<FaultRecord> Ledger::records_since(WallTime since) const {
  const std::lock_guard lock(mutex_);
  std::vector<FaultRecord> records;
  for (const auto& entry : entries_) {
    const FaultView& view = entry.record.view;
    if (!is_open(view.state) && view.ended_at.value_or(view.created_at) < since) continue;
    records.push_back(entry.record);
  }
  return records;
}

std::optional<FaultView> Ledger::find(const FaultId& id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : entries_) {
    if (entry.record.view.id == id) return entry.record.view;
  }
  return std::nullopt;
}

std::optional<FaultRecord> Ledger::record_of(const FaultId& id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : entries_) {
    if (entry.record.view.id == id) return entry.record;
  }
  return std::nullopt;
}

std::optional<PlanNote> Ledger::plan_of(const FaultId& id) const {
  const auto record = record_of(id);
  return record ? record->plan : std::nullopt;
}

std::vector<FaultView> Ledger::open_faults_of(const std::string& target_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<FaultView> views;
  for (const auto& entry : entries_) {
    if (entry.record.target_id == target_id && is_open(entry.record.view.state)) {
      views.push_back(entry.record.view);
    }
  }
  return views;
}

std::vector<FaultRecord> Ledger::records_of_run(const std::string& experiment,
                                                std::int64_t run) const {
  const std::lock_guard lock(mutex_);
  std::vector<FaultRecord> records;
  for (const auto& entry : entries_) {
    const auto& mark = entry.record.view.experiment;
    if (mark && mark->id == experiment && mark->run == run) records.push_back(entry.record);
  }
  return records;
}

Status Ledger::goes_with_open(const FaultRecord& record) const {
  const std::lock_guard lock(mutex_);
  return fits(record);
}

std::size_t Ledger::open_count() const { return faults(true).size(); }

LedgerStats Ledger::stats() const {
  const std::lock_guard lock(mutex_);
  LedgerStats stats;
  for (const FaultState state :
       {FaultState::queued, FaultState::injecting, FaultState::active, FaultState::reverting,
        FaultState::reverted, FaultState::failed, FaultState::revert_failed}) {
    stats.by_state[state] = 0;
  }
  for (const auto& entry : entries_) {
    stats.by_state[entry.record.view.state] += 1;
    stats.overdue += entry.record.view.overdue ? 1 : 0;
  }
  stats.targets_worked_on = static_cast<std::int64_t>(busy_targets_.size());
  stats.journal_lines = journal_lines_;
  stats.journal_failures = journal_failures_;
  return stats;
}

}  // namespace faultline::chaos
