#include "chaosd/service/fault_record.hpp"

#include <algorithm>

#include "chaosd/faults/overlap.hpp"

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
  const bool left_behind = record.params.on_restart == OnRestart::ignore &&
                           !record.touched_instance.empty() &&
                           record.touched_instance != record.instance;
  return {record.target_id, record.grace, record.view.id,
          record.params,    record.saved, std::max(milliseconds{1}, time_left(record, now)),
          left_behind};
}

Mark mark_of(const FaultRecord& record) {
  return {record.view.id,     record.view.kind,        record.target_id,
          record.view.target, record.touched_instance, record.grace,
          record.saved,       record.view.created_at,  record.view.expires_at};
}

Status overlap(const FaultRecord& first, const FaultRecord& second) {
  if (first.target_id != second.target_id) return kDone;
  const FaultView& open = first.view;
  const std::string why =
      why_not_together({open.kind, first.params}, {second.view.kind, second.params});
  if (why.empty()) return kDone;
  const std::string kinds = std::string{to_string(second.view.kind)} + " does not go with " +
                            std::string{to_string(open.kind)} + ": " + why;
  if (open.id.value.empty()) {
    return Error{ErrorCode::conflict, "on " + open.target + " " + kinds, "/target"};
  }
  return Error{ErrorCode::conflict,
               open.target + " has an open fault already: " + open.id.value + " (" +
                   describe(open) + "), and " + kinds + "; undo it first",
               "/target"};
}

bool concerns(const FaultRecord& record, const std::string& target_id) {
  if (record.target_id == target_id) return true;
  if (!fault_of(record.view.kind).names_others()) return false;
  const auto& peers = record.params.peers;
  return peers.empty() || std::any_of(peers.begin(), peers.end(),
                                      [&](const Peer& peer) { return peer.id == target_id; });
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
