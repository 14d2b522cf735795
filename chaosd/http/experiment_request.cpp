#include "chaosd/http/experiment_request.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "chaosd/http/body_fields.hpp"
#include "chaosd/http/fault_request.hpp"
#include "chaosd/http/schedule_request.hpp"
#include "common/base/utf8.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr std::size_t kStepsMax = 16;
constexpr std::size_t kFaultsMax = 16;
constexpr std::size_t kConditionsMax = 8;
constexpr std::size_t kNameMax = 100;  // Characters, as the document counts.
constexpr std::size_t kHypothesisMax = 500;
constexpr std::size_t kQueryMax = 2000;
constexpr std::int64_t kWaitMost = 3600;
constexpr std::int64_t kHoldMost = 3600;
constexpr std::int64_t kRangesMost = 1'000'000'000;

/// The member as a list of 1 to `most` objects.
Result<json> objects_of(const json& object, const std::string& path, const char* name,
                        std::size_t most) {
  const auto list = object.find(name);
  const bool fits =
      list != object.end() && list->is_array() && !list->empty() && list->size() <= most &&
      std::all_of(list->begin(), list->end(), [](const json& item) { return item.is_object(); });
  if (fits) return *list;
  return wrong_field(path, name, "is no list of 1 to " + std::to_string(most) + " objects");
}

Result<ExperimentStep> read_step(const json& object, const std::string& path) {
  if (auto known = check_fields(object, path, {"faults", "wait_s"}); !known) return known.error();
  ExperimentStep step;
  const auto wait = number_in(object, path, "wait_s", 0, kWaitMost);
  if (!wait) return wait.error();
  step.wait = std::chrono::seconds{wait->value_or(0)};
  const auto faults = objects_of(object, path, "faults", kFaultsMax);
  if (!faults) return faults.error();
  for (std::size_t i = 0; i < faults->size(); ++i) {
    auto fault = read_fault_request((*faults)[i], path + "/faults/" + std::to_string(i));
    if (!fault) return fault.error();
    step.faults.push_back(std::move(fault).value());
  }
  return step;
}

Result<VerdictCondition> verdict_of(const std::string& text, const std::string& path) {
  const auto verdict = parse_enum<VerdictState>(text);
  const bool on_the_scale = verdict == VerdictState::degraded ||
                            verdict == VerdictState::unavailable ||
                            verdict == VerdictState::unreachable;
  if (on_the_scale) return VerdictCondition{*verdict};
  return wrong_field(path, "verdict",
                     "is \"" + text + "\"; use degraded, unavailable or unreachable");
}

Result<AbortCondition> read_condition(const json& object, const std::string& path) {
  if (auto known = check_fields(object, path, {"verdict", "ranges_unavailable", "promql", "for_s"});
      !known) {
    return known.error();
  }
  wire::ObjectReader reader{object, path};
  const auto verdict = reader.maybe_text("verdict");
  const auto query = reader.maybe_text("promql");
  if (reader.error()) return *reader.error();
  const auto ranges = number_in(object, path, "ranges_unavailable", 1, kRangesMost);
  if (!ranges) return ranges.error();
  const auto hold = number_in(object, path, "for_s", 0, kHoldMost);
  if (!hold) return hold.error();
  if ((verdict ? 1 : 0) + (query ? 1 : 0) + (*ranges ? 1 : 0) != 1) {
    return Error{ErrorCode::invalid,
                 "an abort condition has one of verdict, ranges_unavailable and promql; give one",
                 path};
  }
  AbortCondition condition;
  condition.hold = std::chrono::seconds{hold->value_or(0)};
  if (verdict) {
    auto known = verdict_of(*verdict, path);
    if (!known) return known.error();
    condition.of = *known;
  } else if (query) {
    if (query->empty() || characters_in(*query) > kQueryMax) {
      return wrong_field(
          path, "promql",
          "is empty or too long; use 1 to " + std::to_string(kQueryMax) + " characters");
    }
    condition.of = QueryCondition{*query};
  } else {
    condition.of = RangesCondition{**ranges};
  }
  return condition;
}

Status read_texts(const json& document, ExperimentSpec& spec) {
  wire::ObjectReader reader{document, ""};
  spec.name = reader.text("name");
  spec.hypothesis = reader.text_or("hypothesis", "");
  spec.accept_plan = reader.maybe_text("accept_plan");
  if (reader.error()) return *reader.error();
  if (spec.name.empty() || characters_in(spec.name) > kNameMax) {
    return wrong_field("", "name", "is empty or too long; use 1 to 100 characters");
  }
  if (characters_in(spec.hypothesis) > kHypothesisMax) {
    return wrong_field("", "hypothesis", "is too long; use at most 500 characters");
  }
  return kDone;
}

Status read_steps(const json& document, ExperimentSpec& spec) {
  const auto steps = objects_of(document, "", "steps", kStepsMax);
  if (!steps) return steps.error();
  for (std::size_t i = 0; i < steps->size(); ++i) {
    auto step = read_step((*steps)[i], "/steps/" + std::to_string(i));
    if (!step) return step.error();
    spec.steps.push_back(std::move(step).value());
  }
  return kDone;
}

Status read_conditions(const json& document, ExperimentSpec& spec) {
  const auto given = document.find("abort");
  if (given == document.end() || given->is_null()) return kDone;
  const auto conditions = objects_of(document, "", "abort", kConditionsMax);
  if (!conditions) return conditions.error();
  for (std::size_t i = 0; i < conditions->size(); ++i) {
    auto condition = read_condition((*conditions)[i], "/abort/" + std::to_string(i));
    if (!condition) return condition.error();
    spec.abort.push_back(std::move(condition).value());
  }
  return kDone;
}

}  // namespace

Result<ExperimentSpec> read_experiment(std::string_view body) {
  if (body.empty()) {
    return Error{ErrorCode::malformed,
                 R"(the body is empty; send {"name": …, "steps": [{"faults": […]}]})"};
  }
  const auto document = wire::parse_json(body);
  if (!document) return document.error();
  if (auto known = check_fields(
          *document, "", {"name", "hypothesis", "steps", "schedule", "abort", "accept_plan"});
      !known) {
    return known.error();
  }
  ExperimentSpec spec;
  if (auto read = read_texts(*document, spec); !read) return read.error();
  if (auto read = read_steps(*document, spec); !read) return read.error();
  if (auto read = read_conditions(*document, spec); !read) return read.error();
  if (const auto given = document->find("schedule");
      given != document->end() && !given->is_null()) {
    auto schedule = read_schedule(*given, "/schedule");
    if (!schedule) return schedule.error();
    spec.schedule = std::move(schedule).value();
  }
  return spec;
}

}  // namespace faultline::chaos
