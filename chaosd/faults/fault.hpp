#pragma once

#include <chrono>
#include <span>
#include <string>

#include "chaosd/faults/fault_params.hpp"
#include "chaosd/runtime/runtime.hpp"
#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/cluster/states.hpp"

namespace faultline::chaos {

/// What a fault needs to know to act on one target.
struct FaultOrder {
  std::string target_id;
  std::chrono::seconds grace{0};  ///< Between SIGTERM and SIGKILL; only where takes_grace().
  FaultId fault{};                ///< The mark on everything that is laid down for it.
  FaultParams params{};
  std::string saved{};        ///< What save() answered before anything was done.
  milliseconds time_left{0};  ///< Until its deadline; what holds it must not outlive that.
  /// It lies upon a run of the target that is over, and passes (on_restart: ignore).
  bool left_behind = false;
};

/// What undoing means for a target as it is found now. A target that another hand
/// has touched since is left alone: `nothing`, with the sentence that says why.
struct UndoPlan {
  enum class Action { act, nothing, wait };  ///< wait: its state is not known now.
  Action action = Action::nothing;
  std::string note;
};

/// Whether an effect was seen. `note` says what was seen instead.
struct Proof {
  bool shown = false;
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
  [[nodiscard]] virtual FaultShape shape() const { return {}; }
  /// What the shape cannot say: parameters that do not go together.
  [[nodiscard]] virtual Status fits(const FaultParams& /*params*/) const { return kDone; }
  /// Whether it can be done to this target and taken back, whatever its state is now: asked when
  /// the fault is planned. Names `/kind`, for another kind may do.
  [[nodiscard]] virtual Status suits(const TargetInfo& /*target*/) const { return kDone; }
  /// Its effect is no state of the target but something of ours beside it, which is
  /// taken away whatever became of the target, and kept alive by keep().
  [[nodiscard]] virtual bool leaves_marks() const { return false; }
  /// Nothing in the world says that it was us, so an ownership mark is put for it: without its
  /// journal, chaosd finds by that what it has to take back.
  [[nodiscard]] virtual bool needs_mark() const { return false; }
  /// What it laid down is gone when the target's run is over.
  [[nodiscard]] virtual bool ends_with_the_run() const { return false; }
  /// The target may end itself under it, so that being down is no end of the fault.
  [[nodiscard]] virtual bool may_end_the_run() const { return false; }
  /// How long after undo() its effect may still show; undo() is called once more then.
  [[nodiscard]] virtual milliseconds settles_for() const { return milliseconds{0}; }

  /// What undo() must know of the world as it is before; journaled before apply().
  virtual Result<std::string> save(Runtime& /*runtime*/, const FaultOrder& /*order*/,
                                   Deadline /*deadline*/) const {
    return std::string{};
  }
  virtual Status apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const = 0;
  /// Proof of effect: what an inspection must show after `apply`.
  [[nodiscard]] virtual bool in_effect(const TargetInfo& target) const = 0;
  /// The whole proof; in_effect() where the target's state is all there is to see.
  [[nodiscard]] virtual Result<Proof> prove(Runtime& runtime, const FaultOrder& order,
                                            const TargetInfo& target, Deadline deadline) const;
  /// It is about addresses of other targets, so that what becomes of these concerns it.
  [[nodiscard]] virtual bool names_others() const { return false; }
  /// Renews what holds the effect, and has it follow those whom it names: what changed, in
  /// words, which is mostly nothing. `not_found`: it is not held any more. `conflict`: it is,
  /// and is not what it should be now, and cannot be made so.
  virtual Result<std::string> keep(Runtime& /*runtime*/, const FaultOrder& /*order*/,
                                   Deadline /*deadline*/) const {
    return std::string{};
  }
  /// `touched` is the run of the target that we acted on, empty when a crash kept
  /// us from writing it down.
  [[nodiscard]] virtual UndoPlan plan_undo(const TargetInfo& target,
                                           const std::string& touched) const = 0;
  virtual Status undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const = 0;
};

/// What suits() says of a kind that ends the target's run, or may: one that its runtime removes
/// then could not be started again, and what it has stored would be lost.
[[nodiscard]] Status outlives_its_run(const TargetInfo& target, FaultKind kind);

[[nodiscard]] const Fault& fault_of(FaultKind kind);
/// Every kind, in the order in which people are shown them.
[[nodiscard]] std::span<const Fault* const> fault_catalogue();

}  // namespace faultline::chaos
