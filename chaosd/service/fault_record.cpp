#include "chaosd/service/fault_record.hpp"

#include <algorithm>

namespace faultline::chaos {

milliseconds time_left(const FaultRecord& record, const Now& now) {
  const bool same_boot =
      !record.deadline.boot_id.empty() && record.deadline.boot_id == now.boot.boot_id;
  return same_boot ? record.deadline.since_boot - now.boot.since_boot
                   : record.view.expires_at - now.wall;
}

bool deadline_passed(const FaultRecord& record, const Now& now) {
  return time_left(record, now) <= milliseconds{0};
}

FaultOrder order_of(const FaultRecord& record, const Now& now) {
  return {record.target_id, record.grace, record.view.id,
          record.params,    record.saved, std::max(milliseconds{1}, time_left(record, now))};
}

std::string describe(const FaultView& fault) {
  std::string text{to_string(fault.kind)};
  text += " of " + fault.target;
  if (!fault.detail.empty()) text += " (" + fault.detail + ")";
  text += " is ";
  switch (fault.state) {
    case FaultState::queued: text += "queued"; break;
    case FaultState::injecting: text += "being injected"; break;
    case FaultState::active: text += "active"; break;
    case FaultState::reverting: text += "being undone"; break;
    case FaultState::reverted: text += "undone"; break;
    case FaultState::failed: text += "not in effect"; break;
    case FaultState::revert_failed: text += "not undone, will retry"; break;
  }
  if (fault.overdue) text += ", overdue";
  if (!fault.reason.empty()) text += ": " + fault.reason;
  return text;
}

}  // namespace faultline::chaos
