#include "exporter/sources/leaseholder_desk.hpp"

namespace faultline::sources {

std::optional<LeaseholderDesk::Answer> LeaseholderDesk::ask(const TableName& table) {
  const std::lock_guard lock(mutex_);
  const auto name = in_sql(table);
  const auto now = clock_.steady();
  auto found = entries_.find(name);
  if (found == entries_.end()) {
    if (entries_.size() >= kTablesMax) forget_one();
    if (entries_.size() >= kTablesMax) {
      return Answer{Error{ErrorCode::unavailable,
                          "as many as " + std::to_string(kTablesMax) +
                              " tables are asked about at once; try again in a second"},
                    clock_.wall()};
    }
    found = entries_.emplace(name, Entry{table, {}, {}, {}}).first;
  }
  Entry& entry = found->second;
  if (entry.read_at && now - *entry.read_at < kFresh) return entry.answer;
  if (!entry.asked_at) {
    entry.asked_at = now;
    asked_.notify_one();
  }
  return std::nullopt;
}

/// An answer that is not asked for now.
void LeaseholderDesk::forget_one() {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->second.asked_at) continue;
    entries_.erase(entry);
    return;
  }
}

LeaseholderDesk::Entry* LeaseholderDesk::next() {
  Entry* longest = nullptr;
  for (auto& [name, entry] : entries_) {
    if (entry.asked_at && (longest == nullptr || *entry.asked_at < *longest->asked_at)) {
      longest = &entry;
    }
  }
  return longest;
}

bool LeaseholderDesk::step() {
  TableName table;
  {
    const std::lock_guard lock(mutex_);
    const Entry* const entry = next();
    if (entry == nullptr) return false;
    table = entry->table;
  }
  auto part = read_(table, clock_.steady() + kBudget);
  const std::lock_guard lock(mutex_);
  // It is there still: one that is asked for is not forgotten.
  Entry& entry = entries_.at(in_sql(table));
  entry.asked_at.reset();
  entry.read_at = clock_.steady();
  entry.answer = Answer{std::move(part), clock_.wall()};
  return true;
}

void LeaseholderDesk::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (step()) continue;
      std::unique_lock lock(mutex_);
      asked_.wait(lock, stop, [this] { return next() != nullptr; });
    }
  }};
}

}  // namespace faultline::sources
