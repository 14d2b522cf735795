#pragma once

#include <chrono>
#include <span>
#include <string>

#include "chaosd/runtime/runtime.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/cluster/states.hpp"

namespace faultline::chaos {

/// What a fault needs to know to act on one target.
struct FaultOrder {
  std::string target_id;
  std::chrono::seconds grace{0};  ///< Between SIGTERM and SIGKILL; only where takes_grace().
};

/// What undoing means for a target as it is found now. A target that another hand
/// has touched since is left alone: `nothing`, with the sentence that says why.
struct UndoPlan {
  enum class Action { act, nothing, wait };  ///< wait: its state is not known now.
  Action action = Action::nothing;
  std::string note;
};

/// A failure we can cause and take back. Holds no state, so one object serves all
/// faults of its kind, from any worker. `undo` must be safe to call twice, and
/// safe to call when `apply` got only half way.
class Fault {
 public:
  virtual ~Fault() = default;
  [[nodiscard]] virtual FaultKind kind() const = 0;
  [[nodiscard]] virtual bool takes_grace() const { return false; }
  /// Undone as soon as it is proven to be in effect, not at its deadline.
  [[nodiscard]] virtual bool ends_at_once() const { return false; }

  virtual Status apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const = 0;
  /// Proof of effect: what an inspection must show after `apply`.
  [[nodiscard]] virtual bool in_effect(const TargetInfo& target) const = 0;
  /// `touched` is the run of the target that we acted on, empty when a crash kept
  /// us from writing it down.
  [[nodiscard]] virtual UndoPlan plan_undo(const TargetInfo& target,
                                           const std::string& touched) const = 0;
  virtual Status undo(Runtime& runtime, const std::string& target_id, Deadline deadline) const = 0;
};

[[nodiscard]] const Fault& fault_of(FaultKind kind);
/// Every kind, in the order in which people are shown them.
[[nodiscard]] std::span<const Fault* const> fault_catalogue();

}  // namespace faultline::chaos
