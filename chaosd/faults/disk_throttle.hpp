#pragma once

#include "chaosd/faults/disk_fault.hpp"

namespace faultline::chaos {

/// What disk.slow and disk.stall share: lower limits of the target's cgroup on the disk its
/// store is on, so that what else it writes there, its log for one, is held back as well.
/// They go with the run, as the cgroup does. A node that waits for a sync of its disk cannot
/// even be killed until it is done; and CockroachDB ends itself when one takes 20 s. So it
/// may be seen to end only after the fault is undone, and that is looked for.
class DiskThrottleFault : public DiskFault {
 public:
  [[nodiscard]] bool ends_with_the_run() const final { return true; }
  [[nodiscard]] bool may_end_the_run() const final { return true; }
  [[nodiscard]] milliseconds settles_for() const final;
  /// The limits that stand there, and ours, which must be lower.
  Result<std::string> save(Runtime& runtime, const FaultOrder& order,
                           Deadline deadline) const final;

 private:
  [[nodiscard]] virtual IoLimits asked(const FaultParams& params) const = 0;
  [[nodiscard]] HoldPlace place() const final { return HoldPlace::limits; }
  [[nodiscard]] Result<HoldWhat> what(Runtime& runtime, const FaultOrder& order,
                                      Deadline deadline) const final;
  /// Shown when a process of its cgroup was held back on that disk.
  [[nodiscard]] Proof proof_in(const HoldReport& report) const final;
};

}  // namespace faultline::chaos
