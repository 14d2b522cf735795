#pragma once

#include "chaosd/faults/marked.hpp"
#include "chaosd/runtime/limits.hpp"

namespace faultline::chaos {

/// What the faults share that lower a limit of the runtime's: what was and what is going
/// to be set are journaled first, with the run, and undoing compares. What is neither, another hand
/// has set since, and stays.
class LimitsFault : public MarkedFault {
 public:
  [[nodiscard]] bool needs_mark() const final { return true; }
  Result<std::string> save(Runtime& runtime, const FaultOrder& order,
                           Deadline deadline) const final;
  Status apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const final;
  [[nodiscard]] Result<Proof> prove(Runtime& runtime, const FaultOrder& order,
                                    const TargetInfo& target, Deadline deadline) const final;
  Status undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const final;

 private:
  /// The limits that this fault sets where `before` were; `conflict` when these would
  /// not be less, or not less than what there is at all.
  [[nodiscard]] virtual Result<Limits> lowered(const Limits& before, LimitsControl& control,
                                               const FaultOrder& order,
                                               Deadline deadline) const = 0;
  [[nodiscard]] virtual Status set(LimitsControl& control, const std::string& id,
                                   const Limits& limits, Deadline deadline) const = 0;
  /// Sets what was before, and looks whether it is so.
  [[nodiscard]] Status put_back(LimitsControl& control, const std::string& id, const Limits& before,
                                Deadline deadline) const;
  /// Same to the kernel: how "no limit" is written down does not matter.
  [[nodiscard]] virtual bool same(const Limits& a, const Limits& b) const = 0;
};

}  // namespace faultline::chaos
