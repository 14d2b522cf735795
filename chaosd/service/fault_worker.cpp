#include "chaosd/service/fault_worker.hpp"

#include <algorithm>
#include <utility>

#include "chaosd/faults/fault.hpp"
#include "chaosd/service/reconcile.hpp"

namespace faultline::chaos {

namespace {

using namespace std::chrono_literals;

constexpr milliseconds kInspectLimit = 5s;
constexpr milliseconds kActLimit = 15s;  ///< Beside the grace of a stop.
constexpr milliseconds kProofLimit = 5s;
constexpr milliseconds kProofEvery = 50ms;
constexpr milliseconds kSettleEvery = 250ms;
constexpr milliseconds kRetryFirst = 500ms;
constexpr milliseconds kRetryMost = 5s;
constexpr milliseconds kSweepEvery = 10s;
constexpr milliseconds kSweepWaitEvery = 250ms;

/// After these errors the runtime may yet do what it was told.
bool effect_is_unclear(ErrorCode code) {
  return code == ErrorCode::timeout || code == ErrorCode::unavailable ||
         code == ErrorCode::upstream || code == ErrorCode::internal;
}

}  // namespace

bool FaultWorker::step() {
  auto job = ledger_.claim(lane_);
  if (!job) return false;
  switch (job->work) {
    case Job::Work::inject: inject(*job); break;
    case Job::Work::verify: verify(*job); break;
    case Job::Work::undo: undo(*job); break;
    case Job::Work::check: check(*job); break;
    case Job::Work::start: start(*job); break;
  }
  ledger_.release(*job);
  return true;
}

void FaultWorker::run(const std::stop_token& stop) {
  SteadyTime next_sweep{};
  while (!stop.stop_requested()) {
    if (step()) continue;
    if (lane_ == Lane::undo_only &&
        (ledger_.take_sweep_request() || clock_.now().steady >= next_sweep)) {
      sweep();
      next_sweep = clock_.now().steady + kSweepEvery;
    }
    ledger_.wait_for_work(lane_, stop);
  }
}

Result<TargetInfo> FaultWorker::inspect(const Job& job) {
  return runtime_.inspect(job.record.target_id, clock_.now().steady + kInspectLimit);
}

/// The run that was touched; when a crash kept us from writing it down, the one that was found,
/// in the spelling of now. Empty: nobody knows.
std::string FaultWorker::run_of_ours(const FaultRecord& record, const TargetInfo& target) const {
  if (!record.touched_instance.empty()) return record.touched_instance;
  if (target.instance.empty()) return "";
  return runtime_.is_same_run(record.instance, target.instance) ? target.instance : record.instance;
}

void FaultWorker::inject(Job& job) {
  if (deadline_passed(job.record, clock_.now())) {
    return end(job, FaultState::failed, "its deadline passed before it could be begun");
  }
  const auto target = inspect(job);
  if (!target) {
    return end(job, FaultState::failed, "nothing was done: " + target.error().message);
  }
  if (target->state != ContainerState::running) {
    return end(
        job, FaultState::failed,
        "nothing was done: " + target->name + " is " + std::string{to_string(target->state)});
  }
  if (guard_ != nullptr && job.progress.ticket) {
    if (const auto still = guard_->recheck(job.record, *job.progress.ticket); !still) {
      return end(job, FaultState::failed, "nothing was done: " + still.error().message);
    }
  }
  const Fault& fault = fault_of(job.record.view.kind);
  const auto marked = what_is_before_is_ours(job);
  if (!marked) return end(job, FaultState::failed, "nothing was done: " + marked.error().message);
  if (*marked) {
    ledger_.request_sweep();  // Which makes a fault of it that is undone, or takes it away.
    job.progress.not_before = clock_.now().steady + kSweepWaitEvery;
    return;
  }
  auto saved =
      fault.save(runtime_, order_of(job.record, clock_.now()), clock_.now().steady + kInspectLimit);
  if (!saved) return end(job, FaultState::failed, "nothing was done: " + saved.error().message);
  job.record.saved = std::move(saved).value();
  job.record.instance = target->instance;
  job.record.view.state = FaultState::injecting;
  if (const auto written = ledger_.commit(job.record); !written) {
    return end(
        job, FaultState::failed,
        "nothing was done, because it could not be written down first: " + written.error().message);
  }
  apply(job);
}

void FaultWorker::apply(Job& job) {
  // A drain takes its time, in which a crash is no matter of an instant.
  if (job.record.grace > 0s) {
    if (const auto put = put_mark(job); !put) {
      return end(job, FaultState::failed,
                 "nothing was done, because its mark could not be put: " + put.error().message);
    }
  }
  const Now before = clock_.now();
  const auto done = fault_of(job.record.view.kind)
                        .apply(runtime_, order_of(job.record, before),
                               before.steady + job.record.grace + kActLimit);
  job.progress.applied = true;
  job.progress.verify_until = clock_.now().steady + kProofLimit;
  job.progress.settle_until = job.progress.verify_until;  // Until it is proven either way.
  if (done) return verify(job);
  if (done.error().code == ErrorCode::unsupported) {
    return end(job, FaultState::failed, "nothing was done: " + done.error().message);
  }
  const bool unclear = effect_is_unclear(done.error().code);
  give_up_injection(job, "could not be injected: " + done.error().message,
                    unclear ? late_effect_limit(job.record) : 0ms);
}

void FaultWorker::verify(Job& job) {
  const auto target = inspect(job);
  const Fault& fault = fault_of(job.record.view.kind);
  const Result<Proof> proof = target ? fault.prove(runtime_, order_of(job.record, clock_.now()),
                                                   *target, clock_.now().steady + kInspectLimit)
                                     : Result<Proof>{target.error()};
  const Now now = clock_.now();
  if (proof && proof->shown) {
    job.progress.settle_until = {};
    if (fault.leaves_marks()) job.progress.check_at = now.steady + kKeepEvery;
    job.record.touched_instance = target->instance;
    if (const auto put = put_mark(job); !put) {
      return give_up_injection(
          job, "taken back, because its mark could not be put: " + put.error().message, 0ms);
    }
    job.record.view.state = FaultState::active;
    job.record.view.active_at = now.wall;
    (void)ledger_.commit(job.record);  // Logged there; it is undone at its deadline all the same.
    return;
  }
  if (!target && target.error().code == ErrorCode::not_found) {
    return end(job, FaultState::failed, "the target disappeared: " + target.error().message);
  }
  if (now.steady < job.progress.verify_until) {
    job.progress.not_before = now.steady + kProofEvery;
    return;
  }
  give_up_injection(
      job,
      proof ? "injected_unverified: no effect: " + proof->note
            : "injected_unverified: its effect could not be proven: " + proof.error().message,
      late_effect_limit(job.record));
}

void FaultWorker::give_up_injection(Job& job, const std::string& reason, milliseconds settle) {
  job.record.view.state = FaultState::reverting;
  job.record.view.reason = reason;
  job.progress.undo_requested = true;
  job.progress.settle_until = clock_.now().steady + settle;
  if (settle > 0ms) (void)put_mark(job);  // Its effect may yet come. Logged there.
  (void)ledger_.commit(job.record);       // Logged there; healing goes on.
  undo(job);
}

void FaultWorker::undo(Job& job) {
  auto& view = job.record.view;
  if (view.state == FaultState::active || view.state == FaultState::injecting) {
    if (job.progress.undo_requested) {
      view.reason = job.progress.undo_reason;
    } else if (deadline_passed(job.record, clock_.now())) {
      view.reason = "its time was over";
    }
    view.state = FaultState::reverting;
    (void)ledger_.commit(job.record);  // Logged there; healing goes on.
  }
  const Fault& fault = fault_of(view.kind);
  if (fault.leaves_marks()) return undo_marks(job);
  const auto asked = clock_.now().steady;
  const auto target = inspect(job);
  if (!target) {
    if (target.error().code != ErrorCode::not_found) return retry_unseen(job, target.error());
    return end(job, FaultState::reverted, target.error().message);
  }
  note_answer(job);
  const std::string ours = run_of_ours(job.record, *target);
  const UndoPlan plan = fault.plan_undo(*target, ours);
  switch (plan.action) {
    case UndoPlan::Action::wait: return retry_later(job, plan.note);
    case UndoPlan::Action::nothing: {
      // An answer that came late does not tell of the time in which it was waited for.
      if (asked >= job.progress.settle_until) return end(job, FaultState::reverted, plan.note);
      job.progress.not_before = clock_.now().steady + kSettleEvery;
      return;
    }
    case UndoPlan::Action::act:
      return finish_undo(job, fault.undo(runtime_, order_of(job.record, clock_.now()),
                                         clock_.now().steady + kActLimit));
  }
}

void FaultWorker::finish_undo(Job& job, const Status& done) {
  const auto target = inspect(job);
  if (!target) {
    if (target.error().code != ErrorCode::not_found) return retry_unseen(job, target.error());
    return end(job, FaultState::reverted, target.error().message);
  }
  if (target->state == ContainerState::running) return end(job, FaultState::reverted, "");
  // It came up and went down at once; that run is one of ours, so we try again.
  if (target->instance != job.record.touched_instance) {
    job.record.touched_instance = target->instance;
    (void)put_mark(job);  // Logged there; healing goes on.
  }
  if (!done) return retry_later(job, done.error().message);
  retry_later(job, target->name + " is " + std::string{to_string(target->state)} +
                       " after it was told to run");
}

void FaultWorker::retry_later(Job& job, const std::string& reason) {
  auto& view = job.record.view;
  const int doublings = std::min(job.progress.attempts, 8);
  job.progress.attempts += 1;
  job.progress.not_before =
      clock_.now().steady + std::min(kRetryFirst * (1 << doublings), kRetryMost);
  if (view.state == FaultState::revert_failed && view.reason == reason) return;
  if (view.state != FaultState::revert_failed) job.progress.reason_before = view.reason;
  view.state = FaultState::revert_failed;
  view.reason = reason;
  (void)ledger_.commit(job.record);  // Logged there; it is retried all the same.
}

void FaultWorker::retry_unseen(Job& job, const Error& error) {
  job.progress.unanswered = true;
  retry_later(job, error.message);
}

/// While nobody answers, nothing settles: what was never proven may wait in the same place as our
/// questions, so that the time for it counts from the first answer on.
void FaultWorker::note_answer(Job& job) {
  if (!std::exchange(job.progress.unanswered, false) || job.record.view.active_at) return;
  job.progress.settle_until =
      std::max(job.progress.settle_until, clock_.now().steady + late_effect_limit(job.record));
}

void FaultWorker::end(Job& job, FaultState state, const std::string& reason) {
  auto& view = job.record.view;
  // First the mark, so that one which is found later is of a fault that was not undone. One that
  // cannot be taken now is left to the sweep.
  OwnershipMarks* const marks = runtime_.marks();
  const bool was_begun = view.state != FaultState::queued;
  if (marks != nullptr && was_begun && fault_of(view.kind).needs_mark()) {
    take_mark(view.id, job.record.target_id, *marks);
  }
  // What was never proven to be active ends as failed, with the reason of the failure.
  const bool was_active = view.active_at.has_value();
  // That undoing it failed at first is over as well; an earlier run's reason is not known any more.
  if (view.state == FaultState::revert_failed) view.reason = job.progress.reason_before;
  view.state = was_active ? state : FaultState::failed;
  if (view.reason.empty()) {
    view.reason = reason;
  } else if (!reason.empty() && view.reason.find(reason) == std::string::npos) {
    view.reason += "; " + reason;
  }
  view.ended_at = clock_.now().wall;
  (void)ledger_.commit(job.record);  // Logged there; after a crash undoing it again does no harm.
}

void FaultWorker::check(Job& job) {
  job.progress.suspect = false;
  const auto target = inspect(job);
  if (!target && target.error().code != ErrorCode::not_found) {
    job.progress.suspect = true;
    job.progress.not_before = clock_.now().steady + kRetryFirst;
    return;
  }
  const Fault& fault = fault_of(job.record.view.kind);
  if (fault.leaves_marks()) {
    if (target && !job.progress.marked) (void)put_mark(job);  // Logged there; tried again.
    return check_marks(job, target);
  }
  if (target) {
    const UndoPlan plan = fault.plan_undo(*target, job.record.touched_instance);
    if (plan.action != UndoPlan::Action::nothing) {   // Still as we left it.
      if (!job.progress.marked) (void)put_mark(job);  // Logged there.
      return;
    }
    job.progress.undo_reason = "it ended early";
  } else {
    job.progress.undo_reason = "the target is gone";
  }
  job.progress.undo_requested = true;
  undo(job);
}

void FaultWorker::start(const Job& job) {
  const auto target = inspect(job);
  Status done = kDone;
  if (!target) {
    done = target.error();
  } else if (target->state == ContainerState::paused) {
    done = runtime_.unpause(job.record.target_id, clock_.now().steady + kActLimit);
  } else if (target->state != ContainerState::running) {
    done = runtime_.start(job.record.target_id, clock_.now().steady + kActLimit);
  }
  const std::string& name = job.record.view.target;
  if (done) return log_->info("target started on request target={}", name);
  log_->warn("target could not be started target={} error={}", name, done.error().message);
  const auto state = target ? target->state : ContainerState::unknown;
  feed_.publish({0, clock_.now().wall, ChaosEvent::Kind::target_state, name, std::nullopt,
                 std::nullopt, std::string{to_string(state)},
                 name + " could not be started: " + done.error().message});
}

}  // namespace faultline::chaos
