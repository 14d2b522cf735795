#include "exporter/sources/probe_ledger.hpp"

#include <algorithm>
#include <array>

#include "common/base/ensure.hpp"

namespace faultline::sources {

WriteEnd judge_write(const Error& error) {
  // "SQLSTATE: message" is the server's own no; everything else is silence.
  // A privilege is looked for before anything is done. What is called unauthorized may have
  // been a session that broke under the statement.
  if (error.code == ErrorCode::forbidden) return WriteEnd::refused;
  if (error.code != ErrorCode::upstream) return WriteEnd::ambiguous;
  const auto state = std::string_view{error.message}.substr(0, 5);
  // Classes in which nothing was done: wrong statement, data, rights, names, state of the
  // session; and a transaction that must be tried again because it was rolled back.
  constexpr std::array<std::string_view, 8> kNothingDone{"22", "23", "25", "26",
                                                         "28", "34", "3D", "42"};
  const bool refused = state == "40001" ||
                       std::any_of(kNothingDone.begin(), kNothingDone.end(),
                                   [&](std::string_view kind) { return state.starts_with(kind); });
  return refused ? WriteEnd::refused : WriteEnd::ambiguous;
}

ProbeWrite ProbeLedger::begin_write(NodeId owner) {
  auto& ring = rings_[owner];
  if (ring.unresolved >= kUnresolvedMax) return {owner, kUnwatched, ++last_seq_};
  // At most half of the slots are unresolved, so there is a free one.
  while (true) {
    const auto at = ring.next;
    ring.next = (ring.next + 1) % kSlots;
    auto& slot = slot_of(ring, at);
    if (is_unresolved(slot) || slot.in_flight) continue;
    auto abandoned = std::move(slot.abandoned);
    slot = Slot{};
    slot.abandoned = std::move(abandoned);
    slot.seq = ++last_seq_;
    slot.used = slot.in_flight = true;
    return {owner, at, slot.seq};
  }
}

void ProbeLedger::end_write(const ProbeWrite& write, WriteEnd end, WallTime now) {
  switch (end) {
    case WriteEnd::acknowledged: ++counts_.acknowledged; break;
    case WriteEnd::refused: ++counts_.refused; break;
    case WriteEnd::ambiguous: ++counts_.ambiguous; break;
  }
  if (write.slot == kUnwatched) return;
  auto& ring = rings_[write.owner];
  auto& slot = slot_of(ring, write.slot);
  FAULTLINE_ENSURE(slot.in_flight && slot.seq == write.seq, "a write ends once");
  if (slot.forgotten) {
    slot = Slot{};
    return;
  }
  slot.in_flight = false;
  slot.end = end;
  if (end != WriteEnd::ambiguous) return;
  ++ring.unresolved;
  slot.open_since = now;
}

void ProbeLedger::forget() {
  for (auto& [owner, ring] : rings_) {
    ring.unresolved = 0;
    for (auto& slot : ring.slots) {
      if (slot.in_flight) {
        slot.forgotten = true;
      } else {
        slot = Slot{};
      }
    }
  }
}

ProbeLedger::Expectation ProbeLedger::expect(NodeId owner) const {
  Expectation expected{owner, {}};
  const auto ring = rings_.find(owner);
  if (ring == rings_.end()) return expected;
  for (std::size_t i = 0; i < ring->second.slots.size(); ++i) {
    const auto& slot = ring->second.slots[i];
    if (!slot.used || slot.in_flight) continue;
    expected.slots.push_back({static_cast<std::int64_t>(i), slot.seq, slot.end});
  }
  return expected;
}

void ProbeLedger::settle(const Expectation& expected,
                         const std::map<std::int64_t, std::int64_t>& found, WallTime now) {
  const auto ring = rings_.find(expected.owner);
  if (ring == rings_.end()) return;
  for (const auto& was : expected.slots) {
    auto& slot = slot_of(ring->second, was.slot);
    if (slot.seq != was.seq || slot.in_flight || slot.judged) continue;
    const auto row = found.find(was.slot);
    settle_slot(ring->second, slot, was.end, row == found.end() ? 0 : row->second, now);
  }
}

void ProbeLedger::settle_slot(Ring& ring, Slot& slot, WriteEnd expected, std::int64_t found,
                              WallTime now) {
  const bool there = found == slot.seq;
  switch (expected) {
    case WriteEnd::acknowledged: {
      const bool overtaken =
          std::find(slot.abandoned.begin(), slot.abandoned.end(), found) != slot.abandoned.end();
      if (there || overtaken) return;
      ++counts_.lost;
      slot.judged = true;
      return;
    }
    case WriteEnd::refused:
      if (!there) return;
      ++counts_.phantom;
      slot.judged = true;
      return;
    case WriteEnd::ambiguous: break;
  }
  if (slot.end != WriteEnd::ambiguous) return;  // Another read has resolved it meanwhile.
  if (there) {
    ++counts_.landed;
    slot.end = WriteEnd::acknowledged;
  } else if (now - slot.open_since >= kWatch) {
    ++counts_.absent;
    constexpr std::size_t kRemembered = 8;
    slot.abandoned.push_back(slot.seq);
    if (slot.abandoned.size() > kRemembered) slot.abandoned.erase(slot.abandoned.begin());
    slot.used = false;
    slot.end = WriteEnd::refused;
  } else {
    return;
  }
  --ring.unresolved;
}

LedgerCounts ProbeLedger::counts() const {
  auto counts = counts_;
  for (const auto& [owner, ring] : rings_) counts.unresolved += ring.unresolved;
  return counts;
}

}  // namespace faultline::sources
