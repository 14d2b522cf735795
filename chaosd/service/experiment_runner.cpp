#include "chaosd/service/experiment_runner.hpp"

#include <algorithm>

#include "chaosd/service/experiment_recovery.hpp"

namespace faultline::chaos {

namespace {

std::string at_step(std::size_t step) { return "step " + std::to_string(step + 1) + ": "; }

/// A fault that is over although its time is not, or that never was: somebody, or something,
/// has taken it back.
std::string ended_early(const std::vector<FaultRecord>& faults, const ExperimentRun& run,
                        const Now& now) {
  for (const auto& record : faults) {
    const FaultView& view = record.view;
    if (is_open(view.state)) continue;
    if (view.state == FaultState::failed) return view.id.value + " failed: " + view.reason;
    const bool of_this_step =
        view.experiment && view.experiment->step == static_cast<std::int64_t>(run.step) + 1;
    if (!of_this_step || fault_of(view.kind).ends_at_once() || deadline_passed(record, now)) {
      continue;
    }
    return view.id.value + " ended before its time: " + view.reason;
  }
  return "";
}

bool all_over(const ExperimentRun& run) {
  return std::none_of(run.records.begin(), run.records.end(),
                      [](const FaultView& fault) { return is_open(fault.state); });
}

ExperimentRun next_run(const Experiment& experiment, WallTime now) {
  ExperimentRun run;
  run.number = experiment.runs_total + 1;
  run.started_at = now;
  return run;
}

}  // namespace

std::vector<Finding> look(const std::vector<AbortCondition>& conditions,
                          const Witnesses& witnesses) {
  const Error nobody{ErrorCode::unavailable, "there is nobody to ask"};
  Result<ClusterSight> sight = nobody;
  std::vector<std::string> queries;
  bool needs_sight = false;
  for (const auto& condition : conditions) {
    const auto* const query = std::get_if<QueryCondition>(&condition.of);
    if (query != nullptr) queries.push_back(query->query);
    needs_sight = needs_sight || query == nullptr;
  }
  if (needs_sight && witnesses.sight != nullptr) sight = witnesses.sight->look();
  std::vector<Result<QueryAnswer>> answers(queries.size(), nobody);
  if (!queries.empty() && witnesses.queries != nullptr) answers = witnesses.queries->ask(queries);
  std::vector<Finding> findings;
  std::size_t next = 0;
  for (const auto& condition : conditions) {
    const bool is_query = std::holds_alternative<QueryCondition>(condition.of);
    findings.push_back(find_out(condition, sight, is_query ? answers.at(next++) : nobody));
  }
  return findings;
}

void refresh(ExperimentRun& run, const std::vector<FaultRecord>& faults) {
  for (const auto& fault : faults) {
    const auto known =
        std::find_if(run.records.begin(), run.records.end(),
                     [&](const FaultView& record) { return record.id == fault.view.id; });
    if (known == run.records.end()) {
      run.records.push_back(fault.view);
    } else {
      *known = fault.view;
    }
  }
}

Result<ClusterSight> OncePerStep::look() {
  if (!sight_) sight_ = from_.sight->look();
  return *sight_;
}

std::vector<Result<QueryAnswer>> OncePerStep::ask(const std::vector<std::string>& queries) {
  if (silent_) return {queries.size(), Result<QueryAnswer>{*silent_}};
  auto answers = from_.queries->ask(queries);
  for (const auto& answer : answers) {
    if (!answer && answer.error().code == ErrorCode::timeout) silent_ = answer.error();
  }
  return answers;
}

void OncePerStep::forget() {
  sight_.reset();
  silent_.reset();
}

void ExperimentRunner::step() {
  once_.forget();
  for (auto& experiment : book_.open_ones()) {
    if (experiment.current() != nullptr) {
      advance(std::move(experiment));
    } else if (!experiment.wanted) {
      settle(experiment, clock_.now().wall);
      keep(experiment);
    } else if (experiment.next_run_at && *experiment.next_run_at <= clock_.now().wall) {
      begin(std::move(experiment));
    }
  }
}

void ExperimentRunner::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    step();
    book_.wait(stop, kEvery);
  }
  step();
}

ExperimentRunner::Progress& ExperimentRunner::progress_of(const Experiment& experiment) {
  const auto found = progress_.find(experiment.id);
  if (found != progress_.end()) return found->second;
  return progress_.emplace(experiment.id, Progress{AbortWatch{experiment.spec.abort}, {}, {}, {}})
      .first->second;
}

void ExperimentRunner::keep(const Experiment& experiment) {
  const auto kept = book_.put(experiment);
  if (!kept) {
    log_->warn("news of an experiment are lost experiment={} error={}", experiment.id,
               kept.error().message);
  }
}

/// Everything is judged before anything is done; each step again when its turn comes.
std::string ExperimentRunner::why_not_begin(const Experiment& experiment) {
  if (const auto begin = service_.may_begin(); !begin) return begin.error().message;
  const auto& spec = experiment.spec;
  const std::string met = AbortWatch::why_not_begin(look(spec.abort, once_.witnesses()));
  if (!met.empty()) return met;
  for (std::size_t i = 0; i < spec.steps.size(); ++i) {
    const auto plan = guard_.plan(order_of(spec, i));
    if (!plan) return at_step(i) + plan.error().message;
    const bool accepted = experiment.accepted[i] == plan->hash;
    if (plan->verdict == GuardVerdict::refuse) return at_step(i) + joined(plan->reasons);
    if (plan->verdict == GuardVerdict::needs_acceptance && !accepted) {
      return at_step(i) +
             (experiment.accepted[i].empty() ? "it needs acceptance now: "
                                             : "its plan is not the one that was accepted: ") +
             joined(plan->reasons);
    }
  }
  return "";
}

void ExperimentRunner::begin(Experiment experiment) {
  if (service_.closed()) return;  // The next run of chaosd says what was missed.
  const WallTime now = clock_.now().wall;
  const auto& spec = experiment.spec;
  const bool late = now - *experiment.next_run_at > kLateMost;
  if (late && spec.schedule) {
    miss_until(experiment, now);
    settle(experiment, now);
    return keep(experiment);
  }
  ExperimentRun run = next_run(experiment, now);
  const std::string why_not = late ? "it could not be begun in time" : why_not_begin(experiment);
  const WallTime due = *experiment.next_run_at;
  experiment.next_run_at.reset();
  if (spec.schedule) {
    experiment.next_run_at = next_due(*spec.schedule, longest(spec), due, clock_.now().wall).at;
  }
  experiment.runs_total += 1;
  experiment.reason.clear();
  if (!why_not.empty()) {
    run.state = ExperimentState::refused;
    run.reason = why_not;
    run.ended_at = clock_.now().wall;
    keep_run(experiment, std::move(run));
    settle(experiment, clock_.now().wall);
    return keep(experiment);
  }
  experiment.state = ExperimentState::running;
  keep_run(experiment, std::move(run));
  progress_.erase(experiment.id);
  // Nothing is begun that is not on disk; who stopped it meanwhile is obeyed as well. When it
  // is the disk, it is tried again until it is too late.
  if (const auto begun = book_.put(experiment); !begun) {
    return log_->warn("a run is not begun experiment={} error={}", experiment.id,
                      begun.error().message);
  }
  inject(experiment);
}

void ExperimentRunner::inject(Experiment& experiment) {
  ExperimentRun& run = experiment.runs.back();
  InjectOrder order = order_of(experiment.spec, run.step);
  order.experiment = {experiment.id, run.number, static_cast<std::int64_t>(run.step) + 1};
  const std::string& accepted = experiment.accepted[run.step];
  if (!accepted.empty()) order.accept_plan = accepted;
  const auto done = guard_.inject(order);
  std::string why_not;
  if (!done) {
    why_not = done.error().message;
  } else if (done->faults.empty()) {
    why_not = "its plan is not one that was accepted: " + joined(done->plan.reasons);
  }
  refresh(run, ledger_.records_of_run(experiment.id, run.number));
  if (!why_not.empty()) {
    const bool nothing_done = run.records.empty();
    return stop(experiment, nothing_done ? ExperimentState::refused : ExperimentState::aborted,
                at_step(run.step) + why_not);
  }
  progress_of(experiment).waiting_since.reset();
  keep(experiment);
  // Whoever stopped it while the guard was asking has undone what was there then.
  const auto now = book_.find(experiment.id);
  if (now && !now->wanted) stop(experiment, ExperimentState::stopped, now->stop_reason);
}

std::string ExperimentRunner::why_abort(const Experiment& experiment,
                                        const std::vector<FaultRecord>& faults) {
  if (const auto begin = service_.may_begin(); !begin) return begin.error().message;
  const Now now = clock_.now();
  const std::string early = ended_early(faults, experiment.runs.back(), now);
  if (!early.empty()) return early;
  Progress& progress = progress_of(experiment);
  if (experiment.spec.abort.empty() ||
      (progress.looked_at && now.steady - *progress.looked_at < kLookEvery)) {
    return "";
  }
  progress.looked_at = now.steady;
  return progress.watch.judge(look(experiment.spec.abort, once_.witnesses()), clock_.now().steady);
}

void ExperimentRunner::advance(Experiment experiment) {
  ExperimentRun& run = experiment.runs.back();
  const auto faults = ledger_.records_of_run(experiment.id, run.number);
  refresh(run, faults);
  if (run.state == ExperimentState::stopping) return stop(experiment, run.ending, run.reason);
  if (!experiment.wanted) {
    return stop(experiment, ExperimentState::stopped, experiment.stop_reason);
  }
  const std::string why = why_abort(experiment, faults);
  if (!why.empty()) return stop(experiment, ExperimentState::aborted, why);
  if (!all_over(run)) return;
  Progress& progress = progress_of(experiment);
  const SteadyTime now = clock_.now().steady;
  if (!progress.waiting_since) {
    progress.waiting_since = now;
    keep(experiment);
  }
  if (now - *progress.waiting_since < experiment.spec.steps[run.step].wait) return;
  if (run.step + 1 == experiment.spec.steps.size()) {
    run.ending = ExperimentState::done;
    return finish(experiment);
  }
  run.step += 1;
  inject(experiment);
}

/// May be called again and again until all of it is undone.
void ExperimentRunner::stop(Experiment& experiment, ExperimentState ending,
                            const std::string& why) {
  ExperimentRun& run = experiment.runs.back();
  if (run.state == ExperimentState::running) {
    log_->warn("a run ends before its time experiment={} run={} ending={} reason={}", experiment.id,
               run.number, to_string(ending), why);
    run.state = ExperimentState::stopping;
    run.ending = ending;
    run.reason = why;
    if (!is_over(experiment.state)) experiment.state = ExperimentState::stopping;
    experiment.reason = why;
    keep(experiment);
  }
  ledger_.request_undo_of(experiment.id, "its experiment ends: " + run.reason);
  refresh(run, ledger_.records_of_run(experiment.id, run.number));
  look_for_lost(experiment);
  if (all_over(run)) finish(experiment);
}

/// When no mark of a lost one was found either, nobody would ever say that it is over.
void ExperimentRunner::look_for_lost(Experiment& experiment) {
  Progress& progress = progress_of(experiment);
  const Now now = clock_.now();
  const auto lost =
      refresh_found(experiment.runs.back(), [this](const FaultId& id) { return ledger_.find(id); });
  if (lost.empty()) return progress.lost_since.reset();
  if (!progress.lost_since) progress.lost_since = now.steady;
  if (now.steady - *progress.lost_since < kLostAfter) return;
  for (FaultView* const record : lost) {
    record->state = FaultState::failed;
    record->reason = "the journal had lost it, and nothing that would tell of it was found";
    record->ended_at = now.wall;
  }
}

void ExperimentRunner::finish(Experiment& experiment) {
  ExperimentRun& run = experiment.runs.back();
  const WallTime now = clock_.now().wall;
  run.state = run.ending;
  run.ended_at = now;
  progress_.erase(experiment.id);
  if (!is_over(experiment.state)) {
    experiment.reason.clear();
    miss_until(experiment, now);
    settle(experiment, now);
  }
  keep(experiment);
}

}  // namespace faultline::chaos
