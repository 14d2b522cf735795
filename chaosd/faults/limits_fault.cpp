#include "chaosd/faults/limits_fault.hpp"

namespace faultline::chaos {

namespace {

struct Saved {
  Limits before;
  Limits ours;
};

Result<Saved> read_saved(const std::string& text) {
  const auto space = text.find(' ');
  if (space == std::string::npos) {
    return Error{ErrorCode::internal, "the limits that were before are not written down"};
  }
  const auto before = read_limits(text.substr(0, space));
  if (!before) return before.error();
  const auto ours = read_limits(text.substr(space + 1));
  if (!ours) return ours.error();
  return Saved{*before, *ours};
}

Result<LimitsControl*> control_of(Runtime& runtime) {
  if (LimitsControl* const control = runtime.limits()) return control;
  return Error{ErrorCode::unsupported,
               "limits need containers: local processes have none of their own"};
}

/// A target that is gone has no limits to put back.
Status unless_gone(const Error& error) {
  if (error.code == ErrorCode::not_found) return kDone;
  return error;
}

}  // namespace

Result<std::string> LimitsFault::save(Runtime& runtime, const FaultOrder& order,
                                      Deadline deadline) const {
  const auto control = control_of(runtime);
  if (!control) return control.error();
  const auto before = (*control)->read(order.target_id, deadline);
  if (!before) return before.error();
  const auto ours = lowered(*before, **control, order, deadline);
  if (!ours) return ours.error();
  return to_text(*before) + " " + to_text(*ours);
}

Status LimitsFault::apply(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  const auto control = control_of(runtime);
  if (!control) return control.error();
  const auto saved = read_saved(order.saved);
  if (!saved) return saved.error();
  return set(**control, order.target_id, saved->ours, deadline);
}

Result<Proof> LimitsFault::prove(Runtime& runtime, const FaultOrder& order,
                                 const TargetInfo& /*target*/, Deadline deadline) const {
  const auto control = control_of(runtime);
  if (!control) return control.error();
  const auto saved = read_saved(order.saved);
  if (!saved) return saved.error();
  const auto now = (*control)->read(order.target_id, deadline);
  if (!now) return now.error();
  return Proof{same(*now, saved->ours), "its limit is not the one that was set"};
}

Status LimitsFault::undo(Runtime& runtime, const FaultOrder& order, Deadline deadline) const {
  if (order.saved.empty()) return kDone;  // Then nothing was ever set.
  const auto control = control_of(runtime);
  if (!control) return control.error();
  const auto saved = read_saved(order.saved);
  if (!saved) return saved.error();
  auto now = (*control)->read(order.target_id, deadline);
  if (!now) return unless_gone(now.error());
  if (same(*now, saved->before) || !same(*now, saved->ours)) return kDone;
  if (auto done = set(**control, order.target_id, saved->before, deadline); !done) {
    return unless_gone(done.error());
  }
  now = (*control)->read(order.target_id, deadline);
  if (!now) return unless_gone(now.error());
  if (same(*now, saved->before)) return kDone;
  return Error{ErrorCode::upstream, "its limit did not change back"};
}

}  // namespace faultline::chaos
