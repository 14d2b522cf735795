#include "chaosd/service/chaos_service.hpp"

#include <algorithm>

#include "chaosd/faults/fault.hpp"

namespace faultline::chaos {

namespace {

constexpr std::chrono::seconds kGraceDefault{30};

std::string text(std::int64_t number) { return std::to_string(number); }

Error leaving() { return {ErrorCode::unavailable, "chaosd is leaving and begins nothing new"}; }

/// The grace of a stop nobody gave one for: a drain takes a while, and must leave
/// time in which the node is really down.
std::chrono::seconds default_grace(const Fault& fault, std::int64_t duration_s) {
  if (fault.kind() != FaultKind::stop && fault.kind() != FaultKind::restart) return {};
  return std::min(kGraceDefault, std::chrono::seconds{std::max<std::int64_t>(1, duration_s / 2)});
}

}  // namespace

Capabilities ChaosService::capabilities() const {
  Capabilities answer{board_.runtime(), board_.runtime_health(), limits_.max_duration, {}};
  for (const Fault* fault : fault_catalogue()) {
    auto support = board_.support_of(fault->kind());
    if (!answer.health.ok) {
      support.support = Support::unsupported;
      support.reason = "the runtime does not answer: " + answer.health.detail;
    }
    answer.faults.push_back(std::move(support));
  }
  return answer;
}

Status ChaosService::check_support(FaultKind kind) const {
  const auto support = board_.support_of(kind);
  if (support.support != Support::unsupported) return kDone;
  return Error{ErrorCode::unsupported,
               std::string{to_string(kind)} + " cannot be done here: " + support.reason, "/kind"};
}

Result<std::vector<TargetView>> ChaosService::targets() const {
  auto targets = board_.targets();
  // An empty list means "none opted in", never "could not ask".
  if (targets.empty()) {
    if (auto readable = board_.readable(); !readable) return readable.error();
  }
  return targets;
}

std::vector<FaultView> ChaosService::faults(bool open_only) const {
  return ledger_.faults(open_only);
}

std::vector<FaultView> ChaosService::recent_faults() const {
  return ledger_.faults_since(clock_.now().wall - std::chrono::minutes{1});
}

Result<FaultView> ChaosService::fault(const FaultId& id) const {
  if (auto found = ledger_.find(id)) return *found;
  return Error{ErrorCode::not_found, "no fault " + id.value + " is known"};
}

Status ChaosService::check_times(const FaultRequest& request) const {
  const auto max = limits_.max_duration.count();
  if (request.duration_s <= 0 || request.duration_s > max) {
    return Error{ErrorCode::invalid,
                 "duration_s is " + text(request.duration_s) + "; use 1 to " + text(max) +
                     " seconds (--fault.max-duration)",
                 "/duration_s"};
  }
  if (!request.grace_s) return kDone;
  if (!fault_of(request.kind).takes_grace()) {
    return Error{
        ErrorCode::invalid,
        "grace_s is for stop only; leave it out for " + std::string{to_string(request.kind)},
        "/grace_s"};
  }
  if (*request.grace_s < 0 || *request.grace_s >= request.duration_s) {
    return Error{ErrorCode::invalid,
                 "grace_s is " + text(*request.grace_s) +
                     "; use 0 or more, and less than duration_s, or the node would be started "
                     "again before it is down",
                 "/grace_s"};
  }
  return kDone;
}

Result<TargetInfo> ChaosService::find_target(const std::string& name) const {
  if (auto target = board_.find(name)) return std::move(*target);
  if (auto readable = board_.readable(); !readable) return readable.error();
  std::string known;
  for (const auto& target : board_.targets()) known += (known.empty() ? "" : ", ") + target.name;
  return Error{
      ErrorCode::not_found,
      "no target is named \"" + name + "\"; known targets: " + (known.empty() ? "none" : known),
      "/target"};
}

Result<TargetInfo> ChaosService::select(const FaultRequest& request) const {
  if (request.target.has_value() == request.node_id.has_value()) {
    return Error{ErrorCode::invalid,
                 request.target ? "target and node_id are both given; give one"
                                : "nothing is selected; give target or node_id",
                 request.target ? "/node_id" : "/target"};
  }
  if (request.target) {
    if (request.target->empty()) {
      return Error{ErrorCode::invalid, "target is empty; give the name of one target", "/target"};
    }
    return find_target(*request.target);
  }
  if (auto readable = board_.readable(); !readable) return readable.error();
  return board_.find_node(*request.node_id);
}

Result<FaultView> ChaosService::inject(const FaultRequest& request) {
  if (closed_) return leaving();
  if (auto support = check_support(request.kind); !support) return support.error();
  if (auto times = check_times(request); !times) return times.error();
  const auto target = select(request);
  if (!target) return target.error();
  const char* field = request.target ? "/target" : "/node_id";
  if (const auto open = ledger_.open_fault_of(target->id)) {
    return Error{ErrorCode::conflict,
                 target->name + " has an open fault already: " + open->id.value + " (" +
                     describe(*open) + "); undo it first",
                 field};
  }
  if (target->state != ContainerState::running) {
    return Error{ErrorCode::conflict,
                 target->name + " is " + std::string{to_string(target->state)} +
                     "; only a running target can be broken",
                 field};
  }
  const Fault& fault = fault_of(request.kind);
  auto params = check_params(request.params, fault, *target, [this](const auto& peer) {
    const auto* name = std::get_if<std::string>(&peer);
    return name != nullptr ? find_target(*name) : board_.find_node(std::get<NodeId>(peer));
  });
  if (!params) return params.error();
  const std::chrono::seconds duration{request.duration_s};
  const Now now = clock_.now();
  FaultRecord record;
  record.view.id.value = "f-" + run_ + "-" + text(next_++);
  record.view.kind = request.kind;
  record.view.target = target->name;
  record.params = std::move(params).value();
  record.view.detail = describe(record.params, fault.shape());
  record.view.node_id = board_.node_of_target(target->name);
  record.view.created_at = now.wall;
  record.view.expires_at = now.wall + duration;
  record.target_id = target->id;
  record.instance = target->instance;
  record.grace = request.grace_s ? std::chrono::seconds{*request.grace_s}
                                 : default_grace(fault, request.duration_s);
  record.deadline = {now.boot.boot_id, now.boot.since_boot + duration};
  if (auto opened = ledger_.open(record); !opened) {
    Error error = opened.error();
    if (!error.field.empty()) error.field = field;
    return error;
  }
  return record.view;
}

Result<FaultView> ChaosService::undo(const FaultId& id) {
  return ledger_.request_undo(id, "undone on request");
}

std::vector<FaultView> ChaosService::heal(const std::string& reason) {
  return ledger_.request_undo_all(reason);
}

Result<StartOutcome> ChaosService::start(const std::string& name) {
  if (closed_) return leaving();
  const auto target = find_target(name);
  if (!target) return target.error();
  StartOutcome outcome;
  for (auto& view : board_.targets()) {
    if (view.container_id == target->id) outcome.target = std::move(view);
  }
  if (const auto open = ledger_.open_fault_of(target->id)) {
    auto undone = ledger_.request_undo(open->id, "undone on request");
    if (!undone) return undone.error();
    outcome.fault = std::move(undone).value();
    return outcome;
  }
  if (auto asked = ledger_.request_start(target->id, target->name); !asked) return asked.error();
  return outcome;
}

}  // namespace faultline::chaos
