#include "chaosd/service/experiment_book.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "chaosd/runtime/fault_point.hpp"
#include "chaosd/service/experiment_recovery.hpp"

namespace faultline::chaos {

namespace {

bool is_open_one(const Experiment& experiment) {
  return !is_over(experiment.state) || experiment.current() != nullptr;
}

template <class List>
void drop_ended(List& experiments, std::size_t kept) {
  auto ended = static_cast<std::size_t>(
      std::count_if(experiments.begin(), experiments.end(),
                    [](const auto& experiment) { return !is_open_one(experiment); }));
  for (auto one = experiments.begin(); ended > kept && one != experiments.end();) {
    if (is_open_one(*one)) {
      ++one;
      continue;
    }
    one = experiments.erase(one);
    ended -= 1;
  }
}

template <class List>
std::string text_of(const List& experiments) {
  std::string text;
  for (const auto& experiment : experiments) text += lines_of(experiment);
  return text;
}

/// "run-2-running-1", or "scheduled" while there is none.
std::string point_of(const Experiment& experiment, const ExperimentRun* run) {
  if (run == nullptr) return std::string{to_string(experiment.state)};
  return "run-" + std::to_string(run->number) + "-" + std::string{to_string(run->state)} + "-" +
         std::to_string(run->step + 1);
}

}  // namespace

Result<ExperimentBook::Opened> ExperimentBook::open(const std::string& directory,
                                                    const ReadExperiment& read, WallTime now) {
  Opened opened{DurableFile{directory + "/experiments.jsonl"}, {}, 0, false};
  const std::string& path = opened.file.path();
  auto text = read_if_there(path);
  if (!text) {
    if (std::rename(path.c_str(), (path + ".unreadable").c_str()) != 0) return text.error();
    opened.unreadable = true;
    return opened;
  }
  if (text->empty()) return opened;
  ExperimentFile file = read_experiment_file(*text, read);
  opened.corrupt_lines = file.corrupt_lines;
  opened.experiments = std::move(file.experiments);
  for (auto& experiment : opened.experiments) recover(experiment, opened.corrupt_lines > 0, now);
  drop_ended(opened.experiments, kEndedKept);
  auto rewritten = opened.corrupt_lines > 0 ? keep_a_copy(path) : Status{kDone};
  if (rewritten) rewritten = opened.file.replace(text_of(opened.experiments));
  if (!rewritten) {  // Not to start would mean to heal nothing.
    opened.unwritten = rewritten.error().message;
    opened.file.keep_old();
  }
  return opened;
}

ExperimentBook::ExperimentBook(Opened opened, const ChaosClock& clock, EventFeed& feed, Logger log)
    : clock_(clock),
      feed_(feed),
      log_(std::move(log)),
      file_(std::move(opened.file)),
      entries_(opened.experiments.begin(), opened.experiments.end()) {
  if (opened.unreadable) {
    log_->error(
        "the experiments cannot be read and are set aside as experiments.jsonl.unreadable: "
        "schedules of an earlier run are not known");
  } else if (opened.corrupt_lines > 0) {
    log_->error(
        "experiments.jsonl had unreadable lines, a copy is kept as experiments.jsonl.corrupt, and "
        "every experiment that was open is stopped count={}",
        opened.corrupt_lines);
  }
  if (!opened.unwritten.empty()) {
    log_->error(
        "experiments.jsonl cannot be rewritten and is kept as it is: no experiment is begun until "
        "it can be written error={}",
        opened.unwritten);
  }
  for (const auto& experiment : entries_) {
    if (is_open_one(experiment) || !experiment.reason.empty()) publish(experiment);
  }
}

Experiment* ExperimentBook::entry_of(const std::string& id) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Experiment& one) { return one.id == id; });
  return entry == entries_.end() ? nullptr : &*entry;
}

Status ExperimentBook::append(const std::string& lines, const std::string& point) {
  fault_point("before:experiment:" + point);
  auto written = file_.append(lines);
  fault_point("after:experiment:" + point);
  if (!written) {
    counted_.failures += 1;
    log_->error("an experiment cannot be written down point={} error={}", point,
                written.error().message);
  }
  return written;
}

Status ExperimentBook::add(const Experiment& experiment) {
  const std::lock_guard lock(mutex_);
  const auto open =
      static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), is_open_one));
  if (open >= kOpenMax) {
    return Error{ErrorCode::conflict,
                 std::to_string(open) + " experiments are open; stop some first"};
  }
  const auto lines = line_of_order(experiment) + line_of_state(experiment, nullptr);
  if (auto written = append(lines, point_of(experiment, nullptr)); !written) {
    return Error{
        ErrorCode::unavailable,
        "nothing was done, because it could not be written down first: " + written.error().message};
  }
  entries_.push_back(experiment);
  publish(experiment);
  forget_oldest();
  compact();
  version_ += 1;
  changed_.notify_all();
  return kDone;
}

Status ExperimentBook::put(const Experiment& experiment) {
  const std::lock_guard lock(mutex_);
  Experiment* const entry = entry_of(experiment.id);
  if (entry == nullptr || !is_open_one(*entry)) {
    return Error{ErrorCode::conflict, "the experiment is over"};
  }
  Experiment next = experiment;
  next.wanted = entry->wanted;
  next.stop_reason = entry->stop_reason;
  const ExperimentRun* const run = next.runs.empty() ? nullptr : &next.runs.back();
  const bool begins = next.current() != nullptr && entry->current() == nullptr;
  if (begins && !next.wanted) return Error{ErrorCode::conflict, next.stop_reason};
  const auto written = append(line_of_state(next, run), point_of(next, run));
  if (begins && !written) return written;
  const bool news =
      next.state != entry->state || next.reason != entry->reason ||
      next.runs_total != entry->runs_total ||
      (run != nullptr && !entry->runs.empty() && run->step != entry->runs.back().step);
  count(*entry, next);
  *entry = std::move(next);
  if (news) publish(*entry);
  forget_oldest();
  compact();
  return kDone;
}

Result<Experiment> ExperimentBook::want_off(const std::string& id, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  Experiment* const entry = entry_of(id);
  if (entry == nullptr) {
    return Error{ErrorCode::not_found, "no experiment " + id + " is known"};
  }
  if (!entry->wanted || !is_open_one(*entry)) return *entry;
  entry->wanted = false;
  entry->stop_reason = reason;
  const ExperimentRun* const run = entry->current();
  if (run == nullptr) settle(*entry, clock_.now().wall);
  const ExperimentRun* const last = entry->runs.empty() ? nullptr : &entry->runs.back();
  const auto written = append(line_of_state(*entry, last), "off");
  publish(*entry);
  version_ += 1;
  changed_.notify_all();
  if (written) return *entry;
  return Error{ErrorCode::unavailable,
               "stopped, but only until chaosd ends: " + written.error().message};
}

std::optional<Experiment> ExperimentBook::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : entries_) {
    if (entry.id == id) return entry;
  }
  return std::nullopt;
}

std::vector<Experiment> ExperimentBook::all() const {
  const std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

std::vector<Experiment> ExperimentBook::open_ones() const {
  const std::lock_guard lock(mutex_);
  std::vector<Experiment> open;
  std::copy_if(entries_.begin(), entries_.end(), std::back_inserter(open), is_open_one);
  return open;
}

void ExperimentBook::count(const Experiment& before, const Experiment& after) {
  counted_.missed += after.missed - before.missed;
  if (after.runs.empty() || !is_over(after.runs.back().state)) return;
  const ExperimentRun& run = after.runs.back();
  const bool was_over = !before.runs.empty() && before.runs.back().number == run.number &&
                        is_over(before.runs.back().state);
  if (!was_over) counted_.runs[run.state] += 1;
}

ExperimentStats ExperimentBook::stats() const {
  using enum ExperimentState;
  const std::lock_guard lock(mutex_);
  ExperimentStats stats = counted_;
  for (const auto state : {scheduled, running, stopping, done, stopped, aborted, refused}) {
    stats.by_state[state] += 0;
    if (is_over(state)) stats.runs[state] += 0;
  }
  for (const auto& entry : entries_) {
    stats.by_state[entry.state] += 1;
    const auto& next = entry.next_run_at;
    if (next && entry.spec.schedule && (!stats.next_run_at || *next < *stats.next_run_at)) {
      stats.next_run_at = next;
    }
  }
  return stats;
}

void ExperimentBook::wait(const std::stop_token& stop, milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, patience, [&] { return version_ != seen_version_; });
  seen_version_ = version_;
}

void ExperimentBook::publish(const Experiment& experiment) {
  log_->info("experiment experiment={} name={} state={} reason={}", experiment.id,
             experiment.spec.name, to_string(experiment.state), experiment.reason);
  ChaosEvent event;
  event.at = clock_.now().wall;
  event.kind = ChaosEvent::Kind::experiment_state;
  event.state = to_string(experiment.state);
  event.sentence = describe(experiment);
  event.experiment_id = experiment.id;
  feed_.publish(std::move(event));
}

void ExperimentBook::forget_oldest() { drop_ended(entries_, kEndedKept); }

void ExperimentBook::compact() {
  if (!file_.wants_compaction()) return;
  if (auto done = file_.replace(text_of(entries_)); !done) {
    log_->warn("experiments.jsonl cannot be compacted, it grows on error={}", done.error().message);
  }
}

}  // namespace faultline::chaos
