#include "chaosd/docker/host_runtime.hpp"

namespace faultline::chaos {

namespace {

template <class T>
Status status_of(const Result<T>& result) {
  if (!result) return result.error();
  return kDone;
}

std::string plain(const std::string& id) { return split_host(id).first; }

}  // namespace

std::string with_host(const std::string& text, const std::string& host) {
  return host.empty() ? text : text + "@" + host;
}

std::pair<std::string, std::string> split_host(const std::string& text) {
  const auto at = text.find('@');
  if (at == std::string::npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

TargetInfo HostRuntime::of_host(TargetInfo target) const {
  target.host = host_;
  target.id = with_host(target.id, host_);
  target.name = with_host(target.name, host_);
  return target;
}

Error HostRuntime::named(Error error) const {
  if (host_.empty()) return error;
  constexpr std::string_view kOfTheEngine = "Docker Engine: ";
  if (error.message.starts_with(kOfTheEngine)) error.message.erase(0, kOfTheEngine.size());
  error.message = "Docker host " + host_ + ": " + error.message;
  return error;
}

template <class Call>
auto HostRuntime::ask(Deadline deadline, Call call) -> decltype(call()) {
  if (asks_ == Asks::always) {
    auto answer = call();
    if (answer) return answer;
    return named(answer.error());
  }
  const auto entry = gate_.enter(deadline);
  if (!entry) return named(entry.error());
  auto answer = call();
  gate_.leave(*entry, status_of(answer));
  if (answer) return answer;
  return named(answer.error());
}

Result<std::string> HostRuntime::describe(Deadline deadline) {
  return ask(deadline, [&] { return engine_->describe(deadline); });
}

Result<std::vector<TargetInfo>> HostRuntime::list(Deadline deadline) {
  return ask(deadline, [&]() -> Result<std::vector<TargetInfo>> {
    auto targets = engine_->list(deadline);
    if (asks_ == Asks::always) gate_.tell(status_of(targets));
    if (!targets) return targets;
    std::vector<std::string> ids;
    for (const auto& target : *targets) ids.push_back(target.id);
    if (asks_ == Asks::always) {
      if (auto own = homes_.list(host_, ids); !own) return own.error();
    }
    for (auto& target : *targets) target = of_host(std::move(target));
    return targets;
  });
}

Result<TargetInfo> HostRuntime::inspect(const std::string& id, Deadline deadline) {
  auto target = ask(deadline, [&] { return engine_->inspect(plain(id), deadline); });
  if (!target) return target;
  return of_host(std::move(*target));
}

Status HostRuntime::stop(const std::string& id, std::chrono::seconds grace, Deadline deadline) {
  return ask(deadline, [&] { return engine_->stop(plain(id), grace, deadline); });
}

Status HostRuntime::kill(const std::string& id, Deadline deadline) {
  return ask(deadline, [&] { return engine_->kill(plain(id), deadline); });
}

Status HostRuntime::pause(const std::string& id, Deadline deadline) {
  return ask(deadline, [&] { return engine_->pause(plain(id), deadline); });
}

Status HostRuntime::unpause(const std::string& id, Deadline deadline) {
  return ask(deadline, [&] { return engine_->unpause(plain(id), deadline); });
}

Status HostRuntime::start(const std::string& id, Deadline deadline) {
  return ask(deadline, [&] { return engine_->start(plain(id), deadline); });
}

std::vector<FaultSupport> HostRuntime::probe(Deadline deadline) { return engine_->probe(deadline); }

Status HostRuntime::wait_for_change(Deadline deadline, const std::stop_token& stop) {
  auto waited = engine_->wait_for_change(deadline, stop);
  if (waited) return waited;
  return named(waited.error());
}

Result<HoldReport> HostRuntime::hold(const HoldOrder& order, Deadline deadline) {
  HoldOrder here = order;
  here.target_id = plain(order.target_id);
  auto report = ask(deadline, [&] { return engine_->holds()->hold(here, deadline); });
  if (report) homes_.put_hold(order.fault.value, host_);
  return report;
}

Result<HoldReport> HostRuntime::renew(const FaultId& fault, Deadline deadline) {
  auto report = ask(deadline, [&] { return engine_->holds()->renew(fault, deadline); });
  if (report) homes_.put_hold(fault.value, host_);
  return report;
}

Result<HoldReport> HostRuntime::replace(const HoldOrder& order, Deadline deadline) {
  HoldOrder here = order;
  here.target_id = plain(order.target_id);
  return ask(deadline, [&] { return engine_->holds()->replace(here, deadline); });
}

Status HostRuntime::release(const Hold& hold, Deadline deadline) {
  Hold here = hold;
  here.target_id = plain(hold.target_id);
  auto released = ask(deadline, [&] { return engine_->holds()->release(here, deadline); });
  if (released) homes_.drop_hold(hold.fault.value);
  return released;
}

Result<std::vector<Hold>> HostRuntime::all(Deadline deadline) {
  auto holds = ask(deadline, [&] { return engine_->holds()->all(deadline); });
  if (!holds) return holds;
  for (auto& hold : *holds) {
    homes_.put_hold(hold.fault.value, host_);
    hold.target_id = with_host(hold.target_id, host_);
  }
  return holds;
}

Result<std::vector<std::string>> HostRuntime::exempt(const std::string& target_id,
                                                     Deadline deadline) {
  return ask(deadline, [&] { return engine_->holds()->exempt(plain(target_id), deadline); });
}

Result<DiskShare> HostRuntime::look_at_disk(const FaultId& fault, const std::string& target_id,
                                            Deadline deadline) {
  return ask(deadline,
             [&] { return engine_->holds()->look_at_disk(fault, plain(target_id), deadline); });
}

Result<std::vector<std::string>> HostRuntime::own_addresses(Deadline deadline) {
  return ask(deadline, [&] { return engine_->holds()->own_addresses(deadline); });
}

Result<std::vector<std::string>> HostRuntime::addresses_in_use(const std::string& target_id,
                                                               Deadline deadline) {
  return ask(deadline,
             [&] { return engine_->holds()->addresses_in_use(plain(target_id), deadline); });
}

Result<Limits> HostRuntime::read(const std::string& id, Deadline deadline) {
  return ask(deadline, [&] { return engine_->limits()->read(plain(id), deadline); });
}

Result<std::int64_t> HostRuntime::memory_used(const std::string& id, Deadline deadline) {
  return ask(deadline, [&] { return engine_->limits()->memory_used(plain(id), deadline); });
}

Result<Machine> HostRuntime::machine_of(const std::string& id, Deadline deadline) {
  return ask(deadline, [&] { return engine_->limits()->machine_of(plain(id), deadline); });
}

Status HostRuntime::set_cpu(const std::string& id, const Limits& limits, Deadline deadline) {
  return ask(deadline, [&] { return engine_->limits()->set_cpu(plain(id), limits, deadline); });
}

Status HostRuntime::set_memory(const std::string& id, const Limits& limits, Deadline deadline) {
  return ask(deadline, [&] { return engine_->limits()->set_memory(plain(id), limits, deadline); });
}

Status HostRuntime::put_mark(const Mark& mark, Deadline deadline) {
  Mark here = mark;
  here.target_id = plain(mark.target_id);
  here.target = plain(mark.target);
  return ask(deadline, [&] { return engine_->marks()->put_mark(here, deadline); });
}

Status HostRuntime::take_mark(const FaultId& fault, const std::string& target_id,
                              Deadline deadline) {
  return ask(deadline,
             [&] { return engine_->marks()->take_mark(fault, plain(target_id), deadline); });
}

Result<FoundMarks> HostRuntime::find_marks(Deadline deadline) {
  auto found = ask(deadline, [&] { return engine_->marks()->find_marks(deadline); });
  if (!found) return found;
  for (auto& mark : found->marks) {
    mark.target_id = with_host(mark.target_id, host_);
    mark.target = with_host(mark.target, host_);
  }
  return found;
}

}  // namespace faultline::chaos
