// What a worker does with ownership marks: see Fault::needs_mark.
//
// The journal is written before a fault is begun, and its mark when its effect is proven, before it
// is told as active: a mark before would stand between the request and a kill. So what a lost
// journal cannot heal is a fault whose chaosd died in the instant between its effect and its mark.
// A drain is marked before it is begun, and again when it is proven.
#include <algorithm>

#include "chaosd/runtime/fault_point.hpp"
#include "chaosd/service/fault_worker.hpp"
#include "chaosd/service/reconcile.hpp"

namespace faultline::chaos {

namespace {

constexpr milliseconds kMarkLimit{5000};

}  // namespace

Status FaultWorker::put_mark(Job& job) {
  OwnershipMarks* const marks = runtime_.marks();
  if (marks == nullptr || !fault_of(job.record.view.kind).needs_mark()) {
    job.progress.marked = true;  // As far as it needs one.
    return kDone;
  }
  fault_point("before:mark");
  auto put = marks->put_mark(mark_of(job.record), clock_.now().steady + kMarkLimit);
  fault_point("after:mark");
  if (put) {
    job.progress.marked = true;
  } else {
    log_->error("an ownership mark cannot be put fault={} target={} error={}",
                job.record.view.id.value, job.record.view.target, put.error().message);
  }
  return put;
}

void FaultWorker::take_mark(const FaultId& fault, const std::string& target_id,
                            OwnershipMarks& marks) {
  fault_point("before:unmark");
  const auto taken = marks.take_mark(fault, target_id, clock_.now().steady + kMarkLimit);
  fault_point("after:unmark");
  if (taken) return;
  log_->warn("an ownership mark cannot be taken away yet fault={} error={}", fault.value,
             taken.error().message);
}

/// What is saved as the limit of before must not be one that a fault of ours has set, of which a
/// lost journal tells no more.
Result<bool> FaultWorker::what_is_before_is_ours(const Job& job) {
  OwnershipMarks* const marks = runtime_.marks();
  const FaultView& view = job.record.view;
  const std::string& target_id = job.record.target_id;
  const Fault& fault = fault_of(view.kind);
  if (marks == nullptr || !fault.needs_mark() || !fault.leaves_marks()) return false;
  const auto found = marks->find_marks_of(target_id, clock_.now().steady + kMarkLimit);
  if (!found) return found.error();
  return std::any_of(found->marks.begin(), found->marks.end(), [&](const Mark& mark) {
    return mark.fault != view.id && mark.kind == view.kind && mark.target_id == target_id;
  });
}

void FaultWorker::sweep(OwnershipMarks& marks) {
  const auto found = marks.find_marks(clock_.now().steady + kMarkLimit);
  if (!found) return;  // The runtime is away, which others say already; the next sweep asks again.
  for (const auto& why : found->unreadable) {
    if (!told_unreadable_.insert(why).second) continue;
    log_->error("an ownership mark cannot be read; look for targets that are down mark={}", why);
  }
  for (const auto& mark : found->marks) {
    const auto fault = ledger_.find(mark.fault);
    if (fault && is_open(fault->state)) continue;
    if (ledger_.adopt_found(reconcile(mark, clock_.now()))) continue;
    take_mark(mark.fault, mark.target_id,
              marks);  // It was undone, and the mark could not be taken.
  }
}

}  // namespace faultline::chaos
