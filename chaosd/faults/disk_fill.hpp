#pragma once

#include "chaosd/faults/marked.hpp"

namespace faultline::chaos {

/// The disk of the target's store is nearly full: a file without a name takes the room,
/// held open by something that ends itself. CockroachDB gives up when its disk is full,
/// and cannot start before there is room; so a node that gave up meanwhile is started
/// again when the fault is undone. One that another hand has stopped is left alone.
class DiskFillFault final : public MarkedFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::disk_fill; }
  [[nodiscard]] FaultShape shape() const override;
  Status apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;
  /// Shown when the file has taken room.
  [[nodiscard]] Result<Proof> prove(Runtime& runtime, const FaultOrder& order,
                                    const TargetInfo& target, Deadline deadline) const override;
  Status keep(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;
  Status undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const override;
};

}  // namespace faultline::chaos
