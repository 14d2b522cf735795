#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/service/abort_condition.hpp"
#include "chaosd/service/chaos_service.hpp"
#include "chaosd/service/schedule.hpp"
#include "common/cluster/fault.hpp"

namespace faultline::chaos {

/// Faults that are begun at once, and a pause after the last of them has ended.
struct ExperimentStep {
  std::vector<FaultRequest> faults;
  std::chrono::seconds wait{0};
};

/// What is to be done, as somebody asked for it.
struct ExperimentSpec {
  std::string name;
  std::string hypothesis;
  std::vector<ExperimentStep> steps;
  std::optional<Schedule> schedule;  ///< Empty: once, now.
  std::vector<AbortCondition> abort;
  std::optional<std::string> accept_plan = {};  ///< Hash of the plans whose risks are accepted.
};

/// How long a run takes at most by its own times; undoing takes its moment beside.
[[nodiscard]] std::chrono::seconds longest(const ExperimentSpec& spec);
/// The step (from 0) as an order that POST /faults could have brought.
[[nodiscard]] InjectOrder order_of(const ExperimentSpec& spec, std::size_t step);

/// Spelled as on the wire. The first three are not over yet.
enum class ExperimentState {
  scheduled,  ///< Waits until the next run is due. Of an experiment only.
  running,
  stopping,  ///< What it has broken is being undone.
  done,
  stopped,  ///< Somebody wanted it so.
  aborted,  ///< It ended itself, with the reason.
  refused,  ///< Nothing was done, with the reason.
};
[[nodiscard]] std::string_view to_string(ExperimentState state);
[[nodiscard]] std::optional<ExperimentState> parse_experiment_state(std::string_view text);
[[nodiscard]] constexpr bool is_over(ExperimentState state) {
  return state != ExperimentState::scheduled && state != ExperimentState::running &&
         state != ExperimentState::stopping;
}

/// One time that the steps were gone through, or should have been.
struct ExperimentRun {
  std::int64_t number = 1;
  ExperimentState state = ExperimentState::running;
  /// While it is stopping: what it will be then.
  ExperimentState ending = ExperimentState::done;
  std::string reason;
  WallTime started_at;
  std::optional<WallTime> ended_at;
  std::size_t step = 0;            ///< From 0; where it is, or how far it came.
  std::vector<FaultView> records;  ///< One for each target, as the ledger had it last.
};

/// The call with an Idempotency-Key that asked for it.
struct OnceKey {
  std::string name;    ///< The key, among those of callers who may do the same.
  std::string digest;  ///< Of the whole call.
};

/// What was asked for, and what became of it. Whoever calls writes `wanted` and
/// `stop_reason`, the runner all the rest.
struct Experiment {
  std::string id;
  std::string body;  ///< As it was sent; read anew by the next run of chaosd.
  ExperimentSpec spec;
  std::vector<std::string> accepted;  ///< Of each step the plan that was accepted; empty: none.
  WallTime created_at;
  std::optional<OnceKey> once = {};  ///< Empty: it came without a key.
  bool wanted = true;                ///< Desired: on.
  std::string stop_reason;           ///< Why it is not wanted any more.
  ExperimentState state = ExperimentState::scheduled;
  std::string reason;
  std::optional<WallTime> next_run_at;
  std::optional<WallTime> ended_at;
  std::int64_t runs_total = 0;
  std::int64_t missed = 0;         ///< Due times that passed unused.
  std::deque<ExperimentRun> runs;  ///< The last ones, oldest first.

  /// The one that is under way, if there is one.
  [[nodiscard]] const ExperimentRun* current() const {
    return runs.empty() || is_over(runs.back().state) ? nullptr : &runs.back();
  }
};

/// The reasons of a plan's verdict as one sentence.
[[nodiscard]] std::string joined(const std::vector<std::string>& reasons);

/// "experiment e-1 (kill one) is running", for people.
[[nodiscard]] std::string describe(const Experiment& experiment);

}  // namespace faultline::chaos
