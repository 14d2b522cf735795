#include "chaosd/service/experiment.hpp"

#include <algorithm>

namespace faultline::chaos {

std::chrono::seconds longest(const ExperimentSpec& spec) {
  std::chrono::seconds sum{0};
  for (const auto& step : spec.steps) {
    std::int64_t most = 0;
    for (const auto& fault : step.faults) most = std::max(most, fault.duration_s);
    sum += std::chrono::seconds{most} + step.wait;
  }
  return sum;
}

InjectOrder order_of(const ExperimentSpec& spec, std::size_t step) {
  InjectOrder order;
  order.faults = spec.steps.at(step).faults;
  order.as_list = true;
  return order;
}

std::string_view to_string(ExperimentState state) {
  switch (state) {
    case ExperimentState::scheduled: return "scheduled";
    case ExperimentState::running: return "running";
    case ExperimentState::stopping: return "stopping";
    case ExperimentState::done: return "done";
    case ExperimentState::stopped: return "stopped";
    case ExperimentState::aborted: return "aborted";
    case ExperimentState::refused: return "refused";
  }
  FAULTLINE_ENSURE(false, "every state has a name");
}

std::optional<ExperimentState> parse_experiment_state(std::string_view text) {
  for (const auto state :
       {ExperimentState::scheduled, ExperimentState::running, ExperimentState::stopping,
        ExperimentState::done, ExperimentState::stopped, ExperimentState::aborted,
        ExperimentState::refused}) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

std::string joined(const std::vector<std::string>& reasons) {
  std::string text;
  for (const auto& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

std::string describe(const Experiment& experiment) {
  std::string text = "experiment " + experiment.id + " (" + experiment.spec.name + ") is " +
                     std::string{to_string(experiment.state)};
  if (const auto* const run = experiment.current()) {
    text += ", run " + std::to_string(run->number) + ", step " + std::to_string(run->step + 1) +
            " of " + std::to_string(experiment.spec.steps.size());
  }
  if (!experiment.reason.empty()) text += ": " + experiment.reason;
  return text;
}

}  // namespace faultline::chaos
