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

std::string_view to_string(ServiceMode mode) {
  switch (mode) {
    case ServiceMode::normal: return "normal";
    case ServiceMode::heal_only: return "heal-only";
    case ServiceMode::read_only: return "read-only";
  }
  FAULTLINE_ENSURE(false, "every mode has a name");
}

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
  answer.hosts = board_.hosts_health();
  return answer;
}

namespace {

/// Whether what is asked for can be done by what is told of `where`: "here", "to crdb-1".
Status check_against(const FaultRequest& request, const FaultSupport& support,
                     const std::string& where) {
  const auto refused = [&](const std::string& why, const char* field) {
    return Error{ErrorCode::unsupported,
                 std::string{to_string(request.kind)} + " cannot be done " + where + ": " + why,
                 field};
  };
  if (support.support == Support::unsupported) return refused(support.reason, "/kind");
  const auto path = parse_param<NetPath>(request.params.path.value_or("all"));
  if (!path || !support.without.contains(*path)) return kDone;  // A wrong one is refused later.
  const auto other = *path == NetPath::all ? NetPath::sql : NetPath::all;
  return refused(
      support.without.at(*path) + "; path: " + std::string{to_string(other)} + " can be done",
      "/path");
}

}  // namespace

Status ChaosService::check_support(const FaultRequest& request) const {
  return check_against(request, board_.support_of(request.kind), "here");
}

Status ChaosService::check_support(const FaultRequest& request, const TargetInfo& target) const {
  return check_against(request, board_.support_of(request.kind, target.host), "to " + target.name);
}

Result<std::vector<TargetView>> ChaosService::targets() const {
  auto targets = board_.targets();
  // An empty list means "none opted in", never "could not ask".
  if (targets.empty()) {
    if (auto complete = board_.complete(); !complete) return complete.error();
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
  auto found = record(id);
  if (!found) return found.error();
  return std::move(found).value().view;
}

Result<FaultRecord> ChaosService::record(const FaultId& id) const {
  if (auto found = ledger_.record_of(id)) return std::move(*found);
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
  auto found = board_.find(name);
  if (found || found.error().code != ErrorCode::not_found) return found;
  if (auto complete = board_.complete(); !complete) return complete.error();
  std::string known;
  for (const auto& target : board_.targets()) known += (known.empty() ? "" : ", ") + target.name;
  return Error{
      ErrorCode::not_found,
      "no target is named \"" + name + "\"; known targets: " + (known.empty() ? "none" : known),
      "/target"};
}

Result<std::vector<TargetInfo>> ChaosService::select(const FaultRequest& request) const {
  const int ways = (request.target ? 1 : 0) + (request.node_id ? 1 : 0) + (request.select ? 1 : 0);
  if (ways != 1) {
    return Error{ErrorCode::invalid,
                 ways == 0 ? "nothing is selected; give target, node_id or select"
                           : "of target, node_id and select more than one is given; give one",
                 ways == 0 ? "/target" : (request.node_id ? "/node_id" : "/select")};
  }
  if (request.target) {
    if (request.target->empty()) {
      return Error{ErrorCode::invalid, "target is empty; give the name of one target", "/target"};
    }
    auto target = find_target(*request.target);
    if (!target) return target.error();
    return std::vector{std::move(target).value()};
  }
  if (auto readable = board_.readable(); !readable) return readable.error();
  if (request.select) {
    Selector meant = *request.select;
    for (auto& name : meant.names) {
      auto target = board_.find(name);
      if (target) name = target->name;
      if (target || target.error().code == ErrorCode::not_found) continue;
      return Error{target.error().code, target.error().message, "/select/names"};
    }
    return select_targets(meant, board_.candidates());
  }
  auto target = board_.find_node(*request.node_id);
  if (!target) return target.error();
  return std::vector{std::move(target).value()};
}

Result<Draft> ChaosService::draft(const FaultRequest& request, const TargetInfo& target) const {
  const Fault& fault = fault_of(request.kind);
  auto params = check_params(request.params, fault, target, [this](const auto& peer) {
    const auto* name = std::get_if<std::string>(&peer);
    return name != nullptr ? find_target(*name) : board_.find_node(std::get<NodeId>(peer));
  });
  if (!params) return params.error();
  const std::chrono::seconds duration{request.duration_s};
  const Now now = clock_.now();
  FaultRecord record;
  record.view.kind = request.kind;
  record.view.target = target.name;
  record.params = std::move(params).value();
  record.view.detail = describe(record.params, fault.shape());
  record.view.node_id = board_.node_of_target(target.name);
  record.view.created_at = now.wall;
  record.view.expires_at = now.wall + duration;
  record.target_id = target.id;
  record.instance = target.instance;
  record.grace = request.grace_s ? std::chrono::seconds{*request.grace_s}
                                 : default_grace(fault, request.duration_s);
  record.deadline = {now.boot.boot_id, now.boot.since_boot + duration};
  const char* field = request.target ? "/target" : request.node_id ? "/node_id" : "/select";
  return Draft{std::move(record), target.state, field};
}

Result<std::vector<Draft>> ChaosService::resolve(const InjectOrder& order) const {
  std::vector<Draft> drafts;
  for (std::size_t i = 0; i < order.faults.size(); ++i) {
    const std::string at = order.as_list ? "/faults/" + std::to_string(i) : "";
    const auto in_place = [&](Error error) {
      if (!error.field.empty()) error.field = at + error.field;
      return error;
    };
    const FaultRequest& request = order.faults[i];
    if (auto support = check_support(request); !support) return in_place(support.error());
    if (auto times = check_times(request); !times) return in_place(times.error());
    const auto targets = select(request);
    if (!targets) return in_place(targets.error());
    for (const auto& target : *targets) {
      if (auto can = check_support(request, target); !can) return in_place(can.error());
      auto drafted = draft(request, target);
      if (!drafted) return in_place(drafted.error());
      Draft one = std::move(drafted).value();
      for (const auto& other : drafts) {
        if (auto together = overlap(other.record, one.record); !together) {
          return in_place({ErrorCode::invalid, together.error().message, one.field});
        }
      }
      one.field = at + one.field;
      one.record.view.experiment = order.experiment;
      drafts.push_back(std::move(one));
    }
  }
  return drafts;
}

Status ChaosService::obstacle(const Draft& draft) const {
  const std::string& name = draft.record.view.target;
  if (const auto free = ledger_.goes_with_open(draft.record); !free) {
    return Error{free.error().code, free.error().message, draft.field};
  }
  if (draft.state != ContainerState::running) {
    return Error{ErrorCode::conflict,
                 name + " is " + std::string{to_string(draft.state)} +
                     "; only a running target can be broken",
                 draft.field};
  }
  return kDone;
}

Status ChaosService::may_begin() const {
  if (closed_) return leaving();
  if (limits_.mode != ServiceMode::normal) {
    return Error{
        ErrorCode::forbidden,
        "this chaosd runs with --" + std::string{to_string(limits_.mode)} + " and begins no fault"};
  }
  if (const LeverState now = lever(); now.engaged) {
    return Error{ErrorCode::conflict, "the safety lever is engaged (" + now.reason +
                                          "); release it with PUT /api/chaos/v1/lever"};
  }
  return kDone;
}

LeverState ChaosService::lever() const {
  return lever_ == nullptr ? LeverState{} : lever_->state();
}

Status ChaosService::set_lever(bool engaged, const std::string& reason) {
  if (lever_ == nullptr) return Error{ErrorCode::unsupported, "this chaosd has no lever"};
  auto written = lever_->set(engaged, reason);
  if (engaged) heal("the safety lever was engaged: " + reason);
  return written;
}

Result<std::vector<FaultView>> ChaosService::open(std::vector<Draft> drafts,
                                                  const std::optional<PlanNote>& plan,
                                                  const std::optional<GuardTicket>& ticket) {
  if (auto begin = may_begin(); !begin) return begin.error();
  std::vector<FaultRecord> records;
  std::vector<FaultView> views;
  for (auto& draft : drafts) {
    if (auto free = obstacle(draft); !free) return free.error();
    draft.record.view.id.value = "f-" + run_ + "-" + text(next_++);
    draft.record.plan = plan;
    views.push_back(draft.record.view);
    records.push_back(std::move(draft.record));
  }
  if (auto opened = ledger_.open_all(records, ticket); !opened) {
    Error error = opened.error();
    if (!error.field.empty()) error.field = drafts.front().field;
    return error;
  }
  // Between the look at the lever and the writing down somebody may have pulled it.
  if (auto still = may_begin(); !still) {
    for (const auto& view : views) (void)ledger_.request_undo(view.id, still.error().message);
    return still.error();
  }
  return views;
}

Result<FaultView> ChaosService::inject(const FaultRequest& request) {
  if (auto begin = may_begin(); !begin) return begin.error();
  auto drafts = resolve({{request}});
  if (!drafts) return drafts.error();
  auto opened = open(std::move(drafts).value(), {}, {});
  if (!opened) return opened.error();
  return opened->front();
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
  for (const auto& open : ledger_.open_faults_of(target->id)) {
    auto undone = ledger_.request_undo(open.id, "undone on request");
    if (!undone) return undone.error();
    if (!outcome.fault) outcome.fault = std::move(undone).value();
  }
  if (outcome.fault) return outcome;
  if (auto asked = ledger_.request_start(target->id, target->name); !asked) return asked.error();
  return outcome;
}

}  // namespace faultline::chaos
