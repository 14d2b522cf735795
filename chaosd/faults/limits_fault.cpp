#include "chaosd/faults/limits_fault.hpp"

#include <sstream>

namespace faultline::chaos {

namespace {

struct Saved {
  Limits before;
  Limits ours;
  std::string run;  ///< Empty: an earlier chaosd wrote it, which did not know.
};

Result<Saved> read_saved(const std::string& text) {
  std::istringstream words{text};
  std::string before_word;
  std::string ours_word;
  Saved saved;
  if (!(words >> before_word >> ours_word)) {
    return Error{ErrorCode::internal, "the limits that were before are not written down"};
  }
  words >> saved.run;
  const auto before = read_limits(before_word);
  if (!before) return before.error();
  const auto ours = read_limits(ours_word);
  if (!ours) return ours.error();
  saved.before = *before;
  saved.ours = *ours;
  return saved;
}

/// Killed for lack of memory, in the run that the limit was laid upon.
bool was_killed_by_it(const TargetInfo& target, const std::string& run) {
  constexpr std::int64_t kBySigkill = 128 + 9;
  return target.state == ContainerState::exited && target.out_of_memory &&
         target.exit_code == kBySigkill && target.instance == run;
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
  const auto target = runtime.inspect(order.target_id, deadline);
  if (!target) return target.error();
  return to_text(*before) + " " + to_text(*ours) + " " + target->instance;
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
  const auto now = (*control)->read(order.target_id, deadline);
  if (!now) return unless_gone(now.error());
  const bool is_back = same(*now, saved->before);
  if (!is_back && !same(*now, saved->ours)) return kDone;
  if (!is_back) {
    if (auto done = put_back(**control, order.target_id, saved->before, deadline); !done) {
      return unless_gone(done.error());
    }
  }
  if (!may_end_the_run()) return kDone;
  const auto target = runtime.inspect(order.target_id, deadline);
  if (!target) return unless_gone(target.error());
  if (!was_killed_by_it(*target, saved->run)) return kDone;
  const auto started = runtime.start(order.target_id, deadline);
  return started ? started : unless_gone(started.error());
}

Status LimitsFault::put_back(LimitsControl& control, const std::string& id, const Limits& before,
                             Deadline deadline) const {
  if (auto done = set(control, id, before, deadline); !done) return done;
  const auto now = control.read(id, deadline);
  if (!now) return now.error();
  if (same(*now, before)) return kDone;
  return Error{ErrorCode::upstream, "its limit did not change back"};
}

}  // namespace faultline::chaos
