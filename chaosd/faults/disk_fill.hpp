#pragma once

#include "chaosd/faults/held_fault.hpp"

namespace faultline::chaos {

/// The disk of the target's store is nearly full: a file without a name takes the room,
/// held open by something that ends itself. CockroachDB gives up when its disk is full,
/// and cannot start before there is room; so a node that gave up meanwhile is started
/// again when the fault is undone. One that another hand has stopped is left alone.
class DiskFillFault final : public HeldFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::disk_fill; }
  [[nodiscard]] FaultShape shape() const override;
  Status undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;

 private:
  [[nodiscard]] HoldPlace place() const override { return HoldPlace::disk; }
  [[nodiscard]] std::string_view shared_by_processes() const override { return "disk"; }
  [[nodiscard]] Result<HoldWhat> what(Runtime& runtime, const FaultOrder& order,
                                      Deadline deadline) const override;
  /// Shown when the file has taken room.
  [[nodiscard]] Proof proof_in(const HoldReport& report) const override;
};

}  // namespace faultline::chaos
