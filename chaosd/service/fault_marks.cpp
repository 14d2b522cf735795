// What a worker does with faults whose effect is something of ours beside the target:
// see Fault::leaves_marks.
#include <algorithm>

#include "chaosd/service/fault_worker.hpp"

namespace faultline::chaos {

namespace {

using namespace std::chrono_literals;

constexpr milliseconds kMarksLimit = 15s;

bool is_down(ContainerState state) {
  return state == ContainerState::exited || state == ContainerState::created ||
         state == ContainerState::removed;
}

}  // namespace

void FaultWorker::undo_marks(Job& job) {
  const Now now = clock_.now();
  const auto done = fault_of(job.record.view.kind)
                        .undo(runtime_, order_of(job.record, now), now.steady + kMarksLimit);
  if (!done) {
    const ErrorCode code = done.error().code;
    const bool silent = code == ErrorCode::timeout || code == ErrorCode::unavailable;
    return silent ? retry_unseen(job, done.error()) : retry_later(job, done.error().message);
  }
  note_answer(job);
  if (!job.progress.undone) {
    job.progress.undone = true;
    const auto settles = fault_of(job.record.view.kind).settles_for();
    job.progress.settle_until = std::max(job.progress.settle_until, clock_.now().steady + settles);
  }
  // What the runtime was told before may still come: once more, then.
  if (clock_.now().steady < job.progress.settle_until) {
    job.progress.not_before = job.progress.settle_until;
    return;
  }
  end(job, FaultState::reverted, "");
}

void FaultWorker::check_marks(Job& job, const Result<TargetInfo>& target) {
  const Fault& fault = fault_of(job.record.view.kind);
  job.progress.check_at = clock_.now().steady + kKeepEvery;
  if (!target) return lose_marks(job, "the target is gone", false);
  if (!fault.ends_with_the_run()) return keep_marks(job);
  const bool other_run = target->instance != job.record.touched_instance;
  const bool down = is_down(target->state);
  if (!other_run && !down) return keep_marks(job);
  if (!other_run && fault.may_end_the_run()) return;  // undo() starts it, if it gave up.
  switch (job.record.params.on_restart) {
    case OnRestart::end:
      return lose_marks(job,
                        target->name + (down ? " went down" : " was restarted") +
                            ", which ended it (on_restart: end)",
                        false);
    case OnRestart::reapply:
      if (target->state != ContainerState::running) return;  // Once it runs again.
      return lose_marks(job, target->name + " was restarted", true);
    case OnRestart::ignore:
      if (!other_run) return;
      job.record.touched_instance = target->instance;
      job.record.view.reason =
          target->name + " was restarted; its new run is not affected (on_restart: ignore)";
      (void)ledger_.commit(job.record);  // Logged there; it ends at its deadline all the same.
      return;
  }
}

void FaultWorker::keep_marks(Job& job) {
  const Now now = clock_.now();
  const auto kept = fault_of(job.record.view.kind)
                        .keep(runtime_, order_of(job.record, now), now.steady + kMarksLimit);
  if (kept && kept->empty()) return;
  if (kept) {
    job.record.view.reason = *kept;
    (void)ledger_.commit(job.record);  // Logged there; what holds it knows what it holds.
    return;
  }
  if (kept.error().code == ErrorCode::conflict) return lose_marks(job, kept.error().message, true);
  // By its own deadline, which is ours, or by another hand.
  if (kept.error().code == ErrorCode::not_found && !deadline_passed(job.record, clock_.now())) {
    return lose_marks(job, "what held it ended", true);
  }
  log_->warn("fault could not be kept up fault={} error={}", job.record.view.id.value,
             kept.error().message);
}

void FaultWorker::lose_marks(Job& job, const std::string& reason, bool can_reapply) {
  if (can_reapply && job.record.params.on_restart == OnRestart::reapply) {
    return reapply(job, reason);
  }
  job.progress.undo_reason = reason;
  job.progress.undo_requested = true;
  undo(job);
}

void FaultWorker::reapply(Job& job, const std::string& reason) {
  const Now now = clock_.now();
  const auto cleared = fault_of(job.record.view.kind)
                           .undo(runtime_, order_of(job.record, now), now.steady + kMarksLimit);
  if (!cleared) {
    job.progress.suspect = true;
    return;
  }
  auto saved = fault_of(job.record.view.kind)
                   .save(runtime_, order_of(job.record, now), now.steady + kMarksLimit);
  if (!saved) {
    job.progress.suspect = true;
    return;
  }
  job.record.saved = std::move(saved).value();  // Of the new run.
  job.record.view.state = FaultState::injecting;
  job.record.view.reason = reason + "; laid upon it again (on_restart: reapply)";
  if (!ledger_.commit(job.record)) {
    job.progress.suspect = true;  // Nothing is begun that is not on disk.
    job.record.view.state = FaultState::active;
    return;
  }
  apply(job);
}

void FaultWorker::sweep() {
  if (OwnershipMarks* const marks = runtime_.marks()) {
    for (OwnershipMarks* const part : marks->mark_parts()) sweep(*part);
  }
  Holds* const holds = runtime_.holds();
  if (holds == nullptr) return;
  for (Holds* const part : holds->parts()) sweep(*part);
}

void FaultWorker::sweep(Holds& holds) {
  const auto held = holds.all(clock_.now().steady + kMarksLimit);
  if (!held) return;  // The runtime is away, which others say already.
  for (const auto& hold : *held) {
    const auto fault = ledger_.find(hold.fault);
    if (fault && is_open(fault->state)) continue;
    const auto released = holds.release(hold, clock_.now().steady + kMarksLimit);
    if (released) {
      log_->warn("something was held for no open fault, and is taken away fault={} target={}",
                 hold.fault.value, hold.target_id);
    } else {
      log_->error("what is held for no open fault cannot be taken away fault={} error={}",
                  hold.fault.value, released.error().message);
    }
  }
}

}  // namespace faultline::chaos
