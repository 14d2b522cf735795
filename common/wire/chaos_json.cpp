#include "common/wire/chaos_json.hpp"

#include "common/wire/json_read.hpp"
#include "common/wire/json_write.hpp"

namespace faultline::wire {

using nlohmann::json;

namespace {

constexpr std::string_view kContainerStates =
    "created, running, paused, restarting, exited, removed or unknown";

Result<std::optional<ExperimentMark>> experiment_of(const json& fault) {
  const auto found = fault.find("experiment");
  if (found == fault.end() || found->is_null()) return std::optional<ExperimentMark>{};
  ObjectReader reader{*found, "/experiment"};
  ExperimentMark mark{reader.text("id"), reader.integer("run"), reader.integer("step")};
  if (reader.error()) return *reader.error();
  return std::optional{std::move(mark)};
}

std::optional<NodeId> node_id_of(ObjectReader& reader) {
  const auto id = reader.maybe_integer("node_id");
  return id ? std::optional{NodeId{*id}} : std::nullopt;
}

}  // namespace

json to_json(const TargetView& target) {
  return {{"name", target.name},
          {"container_id", target.container_id},
          {"runtime", to_string(target.runtime)},
          {"state", to_string(target.state)},
          {"state_since_ms", or_null(target.state_since)},
          {"addresses", target.addresses},
          {"node_id", or_null(target.node_id)}};
}

json to_json(const FaultView& fault) {
  json object{{"id", fault.id.value},
              {"kind", to_string(fault.kind)},
              {"state", to_string(fault.state)},
              {"target", fault.target},
              {"node_id", or_null(fault.node_id)},
              {"reason", fault.reason},
              {"created_at_ms", to_ms(fault.created_at)},
              {"active_at_ms", or_null(fault.active_at)},
              {"expires_at_ms", to_ms(fault.expires_at)},
              {"ended_at_ms", or_null(fault.ended_at)},
              {"overdue", fault.overdue}};
  if (!fault.detail.empty()) object["detail"] = fault.detail;
  if (const auto& mark = fault.experiment) {
    object["experiment"] = {{"id", mark->id}, {"run", mark->run}, {"step", mark->step}};
  }
  return object;
}

Result<TargetView> read_target(const json& object) {
  ObjectReader reader{object, ""};
  TargetView target;
  target.name = reader.text("name");
  target.container_id = reader.text("container_id");
  target.runtime =
      reader.choice<RuntimeKind>("runtime", parse_enum<RuntimeKind>, "docker or process");
  target.state =
      reader.choice<ContainerState>("state", parse_enum<ContainerState>, kContainerStates);
  target.state_since = reader.maybe_time("state_since_ms");
  target.addresses = reader.texts_or_empty("addresses");
  target.node_id = node_id_of(reader);
  if (reader.error()) return *reader.error();
  return target;
}

Result<FaultView> read_fault(const json& object) {
  ObjectReader reader{object, ""};
  FaultView fault;
  fault.id.value = reader.text("id");
  fault.kind = reader.choice<FaultKind>("kind", parse_enum<FaultKind>, kFaultKindNames);
  fault.state = reader.choice<FaultState>(
      "state", parse_enum<FaultState>,
      "queued, injecting, active, reverting, reverted, failed or revert_failed");
  fault.target = reader.text("target");
  fault.detail = reader.text_or("detail", "");
  fault.node_id = node_id_of(reader);
  fault.reason = reader.text_or("reason", "");
  fault.created_at = reader.time("created_at_ms");
  fault.active_at = reader.maybe_time("active_at_ms");
  fault.expires_at = reader.time("expires_at_ms");
  fault.ended_at = reader.maybe_time("ended_at_ms");
  fault.overdue = reader.boolean_or("overdue", false);
  if (reader.error()) return *reader.error();
  auto experiment = experiment_of(object);
  if (!experiment) return experiment.error();
  fault.experiment = std::move(experiment).value();
  return fault;
}

Result<ChaosView> read_chaos_view(const json& object) {
  ObjectReader reader{object, ""};
  ChaosView view;
  view.boot = reader.text("boot");
  view.seq = reader.integer("seq");
  if (reader.error()) return *reader.error();
  const auto read_list = [&](const char* name, auto read, auto& out) -> std::optional<Error> {
    const auto list = object.find(name);
    if (list == object.end() || !list->is_array()) {
      return Error{ErrorCode::invalid, std::string{name} + " must be a list",
                   std::string{"/"} + name};
    }
    for (const auto& item : *list) {
      auto one = read(item);
      if (!one) return one.error();
      out.push_back(std::move(one).value());
    }
    return std::nullopt;
  };
  if (auto error = read_list("targets", read_target, view.targets)) return *error;
  if (auto error = read_list("faults", read_fault, view.faults)) return *error;
  return view;
}

}  // namespace faultline::wire
