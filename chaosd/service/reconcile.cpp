#include "chaosd/service/reconcile.hpp"

#include <utility>

namespace faultline::chaos {

milliseconds late_effect_limit(const FaultRecord& record) {
  constexpr milliseconds kMargin{2000};
  return record.grace + kMargin;
}

std::vector<Recovered> reconcile(std::vector<FaultRecord> records, const Now& now) {
  std::vector<Recovered> recovered;
  recovered.reserve(records.size());
  for (auto& record : records) {
    Recovered one{std::move(record), {}, false};
    auto& view = one.record.view;
    view.overdue = false;  // Judged anew.
    switch (view.state) {
      case FaultState::queued:
        view.state = FaultState::failed;
        view.reason = "chaosd was restarted before it was begun; nothing was done";
        view.ended_at = now.wall;
        one.progress.never_begun = true;
        one.changed = true;
        break;
      case FaultState::injecting:
        // Written down before acting, so anything from nothing to all may have happened.
        view.state = FaultState::reverting;
        view.reason = "chaosd was restarted while injecting it";
        one.progress.settle_until = now.steady + late_effect_limit(one.record);
        one.changed = true;
        break;
      case FaultState::active:
        one.progress.suspect = true;  // The target may have been restarted meanwhile.
        break;
      case FaultState::reverting:
      case FaultState::revert_failed:
        if (!view.active_at) one.progress.settle_until = now.steady + late_effect_limit(one.record);
        break;
      case FaultState::reverted:
      case FaultState::failed: break;
    }
    recovered.push_back(std::move(one));
  }
  return recovered;
}

Recovered reconcile(const Mark& mark, const Now& now) {
  Recovered one{{}, {}, true};
  FaultRecord& record = one.record;
  record.view.id = mark.fault;
  record.view.kind = mark.kind;
  record.view.state = FaultState::reverting;
  record.view.target = mark.target;
  record.view.reason = "found by its mark; the journal had lost it";
  record.view.created_at = mark.since;
  record.view.expires_at = mark.until;
  record.target_id = mark.target_id;
  record.touched_instance = mark.touched;
  record.grace = mark.grace;
  record.saved = mark.saved;
  one.progress.undo_requested = true;
  if (mark.touched.empty()) {
    // Put before its effect was proven, which may be under way still.
    one.progress.settle_until = now.steady + late_effect_limit(record);
  } else {
    record.view.active_at = mark.since;
  }
  return one;
}

}  // namespace faultline::chaos
