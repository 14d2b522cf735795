#include "chaosd/service/experiment_recovery.hpp"

#include <utility>

namespace faultline::chaos {

namespace {

void end(Experiment& experiment, ExperimentState state, std::string reason, WallTime now) {
  experiment.state = state;
  experiment.reason = std::move(reason);
  experiment.next_run_at.reset();
  experiment.ended_at = now;
}

std::string missed_text(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " due time has" : " due times have") +
         " passed unused; nobody makes up for that";
}

}  // namespace

void miss_until(Experiment& experiment, WallTime now) {
  const auto& spec = experiment.spec;
  if (!experiment.next_run_at || *experiment.next_run_at >= now || !spec.schedule) return;
  const auto next = next_due(*spec.schedule, longest(spec), *experiment.next_run_at, now);
  const auto missed = next.missed + 1;
  experiment.missed += missed;
  experiment.next_run_at = next.at;
  experiment.reason = missed_text(missed);
}

void settle(Experiment& experiment, WallTime now) {
  const ExperimentRun* const last = experiment.runs.empty() ? nullptr : &experiment.runs.back();
  if (is_over(experiment.state)) return;
  if (!experiment.wanted) {
    return end(experiment, ExperimentState::stopped, experiment.stop_reason, now);
  }
  if (!experiment.spec.schedule) {
    if (last == nullptr) return;  // It is about to begin.
    return end(experiment, last->state, last->reason, now);
  }
  experiment.state = ExperimentState::scheduled;
  const auto times = experiment.spec.schedule->times;
  if (!experiment.next_run_at || (times && experiment.runs_total >= *times)) {
    end(experiment, ExperimentState::done, "its schedule is over", now);
  }
}

std::vector<FaultView*> refresh_found(ExperimentRun& run, const FindFault& find) {
  std::vector<FaultView*> unknown;
  for (FaultView& record : run.records) {
    if (!is_open(record.state)) continue;
    const auto found = find(record.id);
    if (!found) {
      unknown.push_back(&record);
      continue;
    }
    const FaultView before = std::exchange(record, *found);
    // What a mark does not tell.
    record.experiment = before.experiment;
    if (!record.node_id) record.node_id = before.node_id;
    if (record.detail.empty()) record.detail = before.detail;
  }
  return unknown;
}

void recover(Experiment& experiment, bool doubtful, WallTime now) {
  if (const auto* const run = experiment.current()) {
    auto& last = experiment.runs.back();
    if (run->state == ExperimentState::running) {
      last.state = ExperimentState::stopping;
      last.ending = ExperimentState::aborted;
      last.reason = "chaosd was restarted";
    }
    // It is over once its faults are undone; what it then becomes, settle() says.
    if (!is_over(experiment.state)) experiment.state = ExperimentState::stopping;
  }
  if (is_over(experiment.state)) {
    experiment.next_run_at.reset();
    if (!experiment.ended_at) experiment.ended_at = now;
    return;
  }
  if (doubtful && experiment.wanted) {
    experiment.wanted = false;
    experiment.stop_reason =
        "parts of experiments.jsonl were lost, and with them maybe that it was stopped";
  }
  miss_until(experiment, now);
  if (experiment.current() != nullptr) return;
  if (experiment.wanted && !experiment.spec.schedule && experiment.runs.empty()) {
    return end(experiment, ExperimentState::aborted,
               "chaosd was restarted before it was begun; nothing was done", now);
  }
  settle(experiment, now);
}

}  // namespace faultline::chaos
