#include "chaosd/service/experiment_lines.hpp"

#include <algorithm>
#include <unordered_map>

#include "chaosd/service/checked_line.hpp"
#include "common/wire/chaos_json.hpp"
#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;

constexpr std::string_view kStates =
    "scheduled, running, stopping, done, stopped, aborted or refused";

ExperimentState state_at(wire::ObjectReader& reader, const char* name) {
  return reader.choice<ExperimentState>(name, parse_experiment_state, kStates);
}

json to_json(const ExperimentRun* run) {
  if (run == nullptr) return nullptr;
  json records = json::array();
  for (const auto& fault : run->records) records.push_back(wire::to_json(fault));
  return {{"number", run->number},
          {"state", to_string(run->state)},
          {"ending", to_string(run->ending)},
          {"reason", run->reason},
          {"started_at_ms", to_ms(run->started_at)},
          {"ended_at_ms", wire::or_null(run->ended_at)},
          {"step", run->step},
          {"records", records}};
}

Result<ExperimentRun> run_of(const json& object) {
  wire::ObjectReader reader{object, "/run"};
  ExperimentRun run;
  run.number = reader.integer("number");
  run.state = state_at(reader, "state");
  run.ending = state_at(reader, "ending");
  run.reason = reader.text("reason");
  run.started_at = reader.time("started_at_ms");
  run.ended_at = reader.maybe_time("ended_at_ms");
  run.step = static_cast<std::size_t>(std::max<std::int64_t>(0, reader.integer("step")));
  if (reader.error()) return *reader.error();
  const json records = object.value("records", json::array());
  for (const auto& record : records) {
    auto fault = wire::read_fault(record);
    if (!fault) return fault.error();
    run.records.push_back(std::move(fault).value());
  }
  return run;
}

Result<Experiment> order_of(const json& object, const ReadExperiment& read) {
  wire::ObjectReader reader{object, "/asked"};
  Experiment experiment;
  experiment.id = reader.text("id");
  experiment.body = reader.text("body");
  experiment.accepted = reader.texts_or_empty("accepted");
  experiment.created_at = reader.time("created_at_ms");
  experiment.spec.name = reader.text("name");
  const auto once = reader.maybe_text("once");  // One of an earlier chaosd has none.
  const auto once_digest = reader.maybe_text("once_digest");
  if (reader.error()) return *reader.error();
  if (once && once_digest) experiment.once = OnceKey{*once, *once_digest};
  auto spec = read(experiment.body);
  if (spec) {
    experiment.spec = std::move(spec).value();
    experiment.accepted.resize(experiment.spec.steps.size());
  } else {
    experiment.state = ExperimentState::aborted;
    experiment.reason = "this chaosd cannot read what was asked for: " + spec.error().message;
  }
  return experiment;
}

/// Takes over what the line tells; an order that cannot be read stays over.
Status apply_state(const json& object, Experiment& experiment) {
  wire::ObjectReader reader{object, "/now"};
  Experiment next = experiment;
  next.wanted = reader.boolean("wanted");
  next.stop_reason = reader.text("stop_reason");
  next.state = state_at(reader, "state");
  next.reason = reader.text("reason");
  next.next_run_at = reader.maybe_time("next_run_at_ms");
  next.ended_at = reader.maybe_time("ended_at_ms");
  next.runs_total = reader.integer("runs_total");
  next.missed = reader.integer("missed");
  if (reader.error()) return *reader.error();
  if (const auto run = object.find("run"); run != object.end() && !run->is_null()) {
    auto one = run_of(*run);
    if (!one) return one.error();
    keep_run(next, std::move(one).value());
  }
  if (experiment.spec.steps.empty()) {
    next.state = experiment.state;
    next.reason = experiment.reason;
  }
  experiment = std::move(next);
  return kDone;
}

class FileReader {
 public:
  explicit FileReader(const ReadExperiment& read) : read_(read) {}

  void line(std::string_view text) {
    const auto body = body_of_line(text);
    const auto document = body ? wire::parse_json(*body) : Error{ErrorCode::malformed, ""};
    if (!document || !document->is_object() || !entry(*document)) file_.corrupt_lines += 1;
  }
  [[nodiscard]] ExperimentFile take() { return std::move(file_); }

 private:
  [[nodiscard]] bool entry(const json& document) {
    if (const auto asked = document.find("asked"); asked != document.end()) {
      auto experiment = order_of(*asked, read_);
      if (!experiment || places_.contains(experiment->id)) return false;
      places_[experiment->id] = file_.experiments.size();
      file_.experiments.push_back(std::move(experiment).value());
      return true;
    }
    const auto now = document.find("now");
    if (now == document.end()) return false;
    const auto id = wire::ObjectReader{*now, ""}.maybe_text("id");
    const auto place = places_.find(id.value_or(""));
    return place != places_.end() && apply_state(*now, file_.experiments[place->second]);
  }

  const ReadExperiment& read_;
  ExperimentFile file_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace

std::string line_of_order(const Experiment& experiment) {
  json asked = {{"id", experiment.id},
                {"name", experiment.spec.name},
                {"body", experiment.body},
                {"accepted", experiment.accepted},
                {"created_at_ms", to_ms(experiment.created_at)}};
  if (experiment.once) {
    asked["once"] = experiment.once->name;
    asked["once_digest"] = experiment.once->digest;
  }
  return checked_line(wire::dump({{"asked", asked}}));
}

std::string line_of_state(const Experiment& experiment, const ExperimentRun* run) {
  return checked_line(wire::dump({{"now",
                                   {{"id", experiment.id},
                                    {"wanted", experiment.wanted},
                                    {"stop_reason", experiment.stop_reason},
                                    {"state", to_string(experiment.state)},
                                    {"reason", experiment.reason},
                                    {"next_run_at_ms", wire::or_null(experiment.next_run_at)},
                                    {"ended_at_ms", wire::or_null(experiment.ended_at)},
                                    {"runs_total", experiment.runs_total},
                                    {"missed", experiment.missed},
                                    {"run", to_json(run)}}}}));
}

std::string lines_of(const Experiment& experiment) {
  std::string text = line_of_order(experiment);
  if (experiment.runs.empty()) return text + line_of_state(experiment, nullptr);
  for (const auto& run : experiment.runs) text += line_of_state(experiment, &run);
  return text;
}

ExperimentFile read_experiment_file(std::string_view text, const ReadExperiment& read) {
  FileReader reader{read};
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    reader.line(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return reader.take();
}

void keep_run(Experiment& experiment, ExperimentRun run) {
  auto& runs = experiment.runs;
  if (!runs.empty() && runs.back().number == run.number) {
    runs.back() = std::move(run);
    return;
  }
  runs.push_back(std::move(run));
  if (runs.size() > kRunsKept) runs.pop_front();
}

}  // namespace faultline::chaos
