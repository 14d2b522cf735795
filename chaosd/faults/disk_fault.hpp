#pragma once

#include "chaosd/faults/held_fault.hpp"

namespace faultline::chaos {

/// What the faults of a store's disk share. CockroachDB gives up when its disk is full or
/// does not answer, and cannot start before it is well again; so a node that gave up
/// meanwhile is started when the fault is undone. One that another hand has stopped is
/// left alone.
class DiskFault : public HeldFault {
 public:
  [[nodiscard]] Status suits(const TargetInfo& target) const final {
    return outlives_its_run(target, kind());
  }
  Status undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const final;

 private:
  [[nodiscard]] std::string_view shared_by_processes() const final { return "disk"; }
};

}  // namespace faultline::chaos
