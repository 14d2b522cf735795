#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/service/experiment.hpp"

namespace faultline::chaos {

/// Reads the body of POST /experiments; one reader for what a client sends and what the disk
/// keeps. Pure.
using ReadExperiment = std::function<Result<ExperimentSpec>(std::string_view body)>;

struct ExperimentFile {
  std::vector<Experiment> experiments;  ///< In order of creation.
  std::int64_t corrupt_lines = 0;       ///< Unreadable lines before the last one.
};

// experiments.jsonl: one line for what was asked, and one for each change after it, with the
// run that is under way or was the last. All pure.

[[nodiscard]] std::string line_of_order(const Experiment& experiment);
/// `run` may be null: there was none yet.
[[nodiscard]] std::string line_of_state(const Experiment& experiment, const ExperimentRun* run);
/// All that is kept of it.
[[nodiscard]] std::string lines_of(const Experiment& experiment);
/// A line that cannot be trusted is skipped and counted; a torn tail was never acted on. An
/// order that `read` refuses is over: aborted, with the reason.
[[nodiscard]] ExperimentFile read_experiment_file(std::string_view text,
                                                  const ReadExperiment& read);

/// How many runs are remembered of each.
inline constexpr std::size_t kRunsKept = 20;
void keep_run(Experiment& experiment, ExperimentRun run);

}  // namespace faultline::chaos
