#include "tests/fuzz/targets.hpp"

#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include "chaosd/docker/docker_json.hpp"
#include "chaosd/docker/holder_json.hpp"
#include "chaosd/docker/mark_json.hpp"
#include "chaosd/http/experiment_request.hpp"
#include "chaosd/http/fault_request.hpp"
#include "chaosd/http/request.hpp"
#include "chaosd/http/selector_json.hpp"
#include "chaosd/service/audit_chain.hpp"
#include "chaosd/service/experiment_lines.hpp"
#include "chaosd/service/impact.hpp"
#include "chaosd/service/journal.hpp"
#include "common/base/ensure.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::fuzz {

namespace {

/// What was read must be read again from what is written: a journal is rewritten at each start.
void run_journal(std::string_view input) {
  const auto contents = chaos::read_journal(input);
  for (const auto& record : contents.records) {
    const auto again = chaos::read_journal(chaos::journal_line(record));
    FAULTLINE_ENSURE(again.records.size() == 1 && again.corrupt_lines == 0,
                     "a record that was read can be written and read again");
    FAULTLINE_ENSURE(again.records[0].target_id == record.target_id, "and is the same one");
  }
  for (const auto& experiment :
       chaos::read_experiment_file(input, chaos::read_experiment).experiments) {
    const auto again =
        chaos::read_experiment_file(chaos::lines_of(experiment), chaos::read_experiment);
    FAULTLINE_ENSURE(again.experiments.size() == 1 && again.corrupt_lines == 0,
                     "an experiment that was read can be written and read again");
    FAULTLINE_ENSURE(again.experiments[0].state == experiment.state, "and is the same one");
  }
  chaos::AuditChain chain;
  chaos::follow(chain, input, "audit");
}

void run_helpers(std::string_view input) {
  (void)chaos::read_holder(input);
  (void)chaos::read_holds(input);
  (void)chaos::read_created(input);
  for (const auto& line : chaos::read_log(input)) (void)chaos::read_held_line(line);
  (void)chaos::read_held_line(std::string{input});
  (void)chaos::read_list_addresses(input);
  (void)chaos::read_gateways(input);
  (void)chaos::read_host_limits(input);
  (void)chaos::read_memory_used(input);
  (void)chaos::read_info(input);
}

/// A mark is all that is left when the journal is lost: it must say the same as it was told.
void run_marks(std::string_view input) {
  const auto volumes = chaos::read_volumes(input);
  if (!volumes) return;
  for (const auto& volume : *volumes) {
    const auto mark = chaos::read_mark_labels(volume.labels);
    if (!mark) continue;
    const auto again = chaos::read_mark_labels(chaos::mark_labels(*mark, "owner"));
    FAULTLINE_ENSURE(again && *again == *mark,
                     "a mark that was read can be written and read again");
  }
}

void run_docker(std::string_view input) {
  (void)chaos::read_container(input);
  (void)chaos::read_ids(input);
  (void)chaos::read_version(input);
  (void)chaos::read_message(input);
  (void)chaos::read_impact(input);
  run_helpers(input);
  run_marks(input);
}

void run_body(std::string_view input) {
  (void)chaos::strict_integer(input);
  if (const auto decoded = chaos::percent_decode(input, true)) {
    FAULTLINE_ENSURE(decoded->size() <= input.size(), "decoding never makes longer");
  }
  const auto order = chaos::read_inject_order(input);
  FAULTLINE_ENSURE(!order || !order->faults.empty(), "an order that was read asks for something");
  if (!order) FAULTLINE_ENSURE(!order.error().message.empty(), "a refusal says why");
  const auto experiment = chaos::read_experiment(input);
  FAULTLINE_ENSURE(!experiment || !experiment->steps.empty(), "an experiment has a step");
  if (!experiment) FAULTLINE_ENSURE(!experiment.error().message.empty(), "a refusal says why");
}

std::vector<chaos::Candidate> candidates() {
  std::vector<chaos::Candidate> all;
  for (std::int64_t id = 1; id <= 5; ++id) {
    chaos::Candidate one;
    const std::string name = "n" + std::to_string(id);
    one.target.name = name;
    one.target.id = "id-" + name;
    one.target.state = id == 5 ? ContainerState::exited : ContainerState::running;
    one.target.labels = {{"tier", id % 2 == 0 ? "a" : "b"}};
    one.node_id = NodeId{id};
    one.locality = "region=eu,zone=" + std::to_string(id % 2);
    if (id != 3) one.leases = id * 10;
    one.is_gateway = id == 1;
    all.push_back(std::move(one));
  }
  return all;
}

void run_selector(std::string_view input) {
  const auto document = wire::parse_json(input);
  if (!document) return;
  const auto selector = chaos::read_selector(*document, "/select");
  if (!selector) return;
  const auto chosen = chaos::select_targets(*selector, candidates());
  if (!chosen) return;
  FAULTLINE_ENSURE(!chosen->empty() && chosen->size() <= 5, "a selection is never nobody");
  const auto again = chaos::select_targets(*selector, candidates());
  FAULTLINE_ENSURE(
      again && again->size() == chosen->size() && again->front().name == chosen->front().name,
      "the same selector makes the same choice");
}

constexpr std::array<Target, 4> kTargets{{{"journal", run_journal},
                                          {"docker", run_docker},
                                          {"body", run_body},
                                          {"selector", run_selector}}};

}  // namespace

std::span<const Target> targets() { return kTargets; }

}  // namespace faultline::fuzz
