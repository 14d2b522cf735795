#include "chaosd/service/experiment_service.hpp"

#include <algorithm>
#include <utility>

#include "chaosd/service/digest.hpp"
#include "chaosd/service/experiment_recovery.hpp"

namespace faultline::chaos {

namespace {

constexpr std::size_t kHashDigits = 32;

std::string pointer(const char* list, std::size_t index) {
  return "/" + std::string{list} + "/" + std::to_string(index);
}

/// Of all that is shown to whoever accepts, so that nothing of it can change unseen.
std::string hash_of(const std::vector<Plan>& plans) {
  std::string text;
  for (const auto& plan : plans) text += plan.hash + "\n";
  return sha256_hex(text).substr(0, kHashDigits);
}

}  // namespace

Status ExperimentService::check_witnesses(const ExperimentSpec& spec) const {
  std::vector<std::string> queries;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < spec.abort.size(); ++i) {
    const std::string at = pointer("abort", i);
    if (const auto* const query = std::get_if<QueryCondition>(&spec.abort[i].of)) {
      if (witnesses_.queries == nullptr) {
        return Error{ErrorCode::invalid,
                     "promql cannot be evaluated here; start chaosd with --prometheus.address",
                     at + "/promql"};
      }
      queries.push_back(query->query);
      places.push_back(i);
    } else if (witnesses_.sight == nullptr) {
      const bool is_verdict = std::holds_alternative<VerdictCondition>(spec.abort[i].of);
      const std::string name = is_verdict ? "verdict" : "ranges_unavailable";
      return Error{ErrorCode::invalid,
                   name + " is told by the exporter; start chaosd with --exporter.address",
                   at + "/" + name};
    }
  }
  if (queries.empty()) return kDone;
  const auto answers = witnesses_.queries->ask(queries);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    // Whether it can be evaluated now is judged by the run; whether it is a query, now.
    if (answers[i] || answers[i].error().code != ErrorCode::invalid) continue;
    return Error{ErrorCode::invalid, "promql cannot be used: " + answers[i].error().message,
                 pointer("abort", places[i]) + "/promql"};
  }
  return kDone;
}

Status ExperimentService::check_times(const ExperimentSpec& spec) const {
  const auto takes = longest(spec);
  const std::string one_run = "one run takes up to " + std::to_string(takes.count()) + " s";
  if (takes > kRunMost) {
    return Error{ErrorCode::invalid, one_run + "; make it 24 hours or less", "/steps"};
  }
  if (!spec.schedule) return kDone;
  if (spec.schedule->every < takes) {
    return Error{ErrorCode::invalid,
                 "every_s is " + std::to_string(spec.schedule->every.count()) + ", but " + one_run +
                     "; use that or more",
                 "/schedule/every_s"};
  }
  if (!first_due(*spec.schedule, takes, service_.now())) {
    return Error{ErrorCode::invalid,
                 one_run +
                     ", which finds no place in this schedule; widen window, or move "
                     "not_after_ms",
                 "/schedule"};
  }
  return kDone;
}

Result<std::vector<Plan>> ExperimentService::plan(const ExperimentSpec& spec) const {
  std::vector<Plan> plans;
  std::size_t targets = 0;
  for (std::size_t i = 0; i < spec.steps.size(); ++i) {
    auto plan = guard_.plan(order_of(spec, i));
    if (!plan) {
      Error error = plan.error();
      error.field = pointer("steps", i) + error.field;
      return error;
    }
    if (plan->verdict == GuardVerdict::refuse) {
      return Error{
          ErrorCode::conflict,
          "step " + std::to_string(i + 1) + " cannot be done now: " + joined(plan->reasons),
          pointer("steps", i)};
    }
    targets += plan->targets.size();
    plans.push_back(std::move(plan).value());
  }
  if (targets > kRecordsMost) {
    return Error{ErrorCode::invalid,
                 "one run has " + std::to_string(targets) + " faults; make it " +
                     std::to_string(kRecordsMost) + " or fewer",
                 "/steps"};
  }
  return plans;
}

Result<ExperimentAdmission> ExperimentService::create(const ExperimentSpec& spec,
                                                      const std::string& body,
                                                      const std::optional<OnceKey>& once) {
  if (auto begin = service_.may_begin(); !begin) return begin.error();
  if (auto witnesses = check_witnesses(spec); !witnesses) return witnesses.error();
  auto plans = plan(spec);
  if (!plans) return plans.error();
  if (auto times = check_times(spec); !times) return times.error();
  ExperimentAdmission admission{std::move(plans).value(), ""};
  admission.hash = hash_of(admission.plans);
  const bool accepted = spec.accept_plan == admission.hash;
  Experiment experiment;
  for (const auto& plan : admission.plans) {
    const bool doubtful = plan.verdict == GuardVerdict::needs_acceptance;
    if (doubtful && !accepted) return admission;
    experiment.accepted.push_back(doubtful ? plan.hash : "");
  }
  experiment.id = "e-" + service_.run() + "-" + std::to_string(next_++);
  experiment.body = body;
  experiment.once = once;
  experiment.spec = spec;
  experiment.created_at = service_.now();
  experiment.next_run_at = spec.schedule
                               ? first_due(*spec.schedule, longest(spec), experiment.created_at)
                               : experiment.created_at;
  if (auto added = book_.add(experiment); !added) return added.error();
  admission.experiment = std::move(experiment);
  return admission;
}

Result<std::optional<Experiment>> ExperimentService::asked_before(const OnceKey& once) const {
  const WallTime since = service_.now() - kKeyKeptFor;
  for (auto& experiment : book_.all()) {
    if (!experiment.once || experiment.once->name != once.name) continue;
    if (experiment.created_at < since) continue;
    if (experiment.once->digest != once.digest) {
      return Error{ErrorCode::invalid,
                   "this Idempotency-Key came with another call before; use a new one",
                   "/Idempotency-Key"};
    }
    add_records(experiment);
    return std::optional{std::move(experiment)};
  }
  return std::optional<Experiment>{};
}

Result<Experiment> ExperimentService::stop(const std::string& id, const std::string& reason) {
  const auto was = book_.find(id);
  auto stopped = book_.want_off(id, reason);
  // Not only the runner's business: it may be waiting for the exporter now.
  if (was && was->current() != nullptr) {
    ledger_.request_undo_of(id, "its experiment ends: " + reason);
  }
  if (!stopped) return stopped.error();
  Experiment experiment = std::move(stopped).value();
  add_records(experiment);
  return experiment;
}

Status ExperimentService::stop_all(const std::string& reason) {
  Status outcome = kDone;
  for (const auto& experiment : book_.open_ones()) {
    const auto stopped = book_.want_off(experiment.id, reason);
    if (!stopped) outcome = stopped.error();
  }
  return outcome;
}

void ExperimentService::add_records(Experiment& experiment) const {
  if (experiment.current() == nullptr) return;
  ExperimentRun& run = experiment.runs.back();
  refresh(run, ledger_.records_of_run(experiment.id, run.number));
  (void)refresh_found(run, [this](const FaultId& id) {
    return ledger_.find(id);
  });  // What nothing tells of is the runner's to judge.
}

Result<Experiment> ExperimentService::find(const std::string& id) const {
  auto found = book_.find(id);
  if (!found) return Error{ErrorCode::not_found, "no experiment " + id + " is known"};
  add_records(*found);
  return std::move(*found);
}

std::vector<Experiment> ExperimentService::list(bool open_only) const {
  return open_only ? book_.open_ones() : book_.all();
}

std::vector<Experiment> ExperimentService::recent() const {
  const WallTime since = service_.now() - std::chrono::minutes{1};
  auto recent = book_.all();
  std::erase_if(recent, [&](const Experiment& one) {
    return is_over(one.state) && one.current() == nullptr && one.ended_at.value_or(since) < since;
  });
  return recent;
}

}  // namespace faultline::chaos
