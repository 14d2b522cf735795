#pragma once

#include "chaosd/faults/disk_fault.hpp"

namespace faultline::chaos {

/// The disk of the target's store is nearly full: a file without a name takes the room,
/// held open by something that ends itself.
class DiskFillFault final : public DiskFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::disk_fill; }
  [[nodiscard]] FaultShape shape() const override;

 private:
  [[nodiscard]] HoldPlace place() const override { return HoldPlace::disk; }
  [[nodiscard]] Result<HoldWhat> what(Runtime& runtime, const FaultOrder& order,
                                      Deadline deadline) const override;
  /// Shown when the file has taken room.
  [[nodiscard]] Proof proof_in(const HoldReport& report) const override;
};

}  // namespace faultline::chaos
