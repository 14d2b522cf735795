#include "chaosd/docker/docker_hosts.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace faultline::chaos {

namespace {

constexpr milliseconds kAllLimit{2000};  // Of a question to all hosts.
constexpr milliseconds kHintEvery{1000};

/// What each of `asked` answers, all at once: a silent one costs no other its time. One thread
/// each, as each has a runtime of its own.
template <class Host, class Call>
auto ask_all(const std::vector<Host>& asked, Call call) {
  using Answer = decltype(call(*asked.front()));
  std::vector<std::optional<Answer>> slots(asked.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < asked.size(); ++i) {
      threads.emplace_back([&, i] { slots[i].emplace(call(*asked[i])); });
    }
    slots[0].emplace(call(*asked[0]));
  }
  std::vector<Answer> answers;
  for (auto& slot : slots) answers.push_back(std::move(*slot));
  return answers;
}

Deadline soon(Deadline deadline) {
  return std::min<Deadline>(deadline, std::chrono::steady_clock::now() + kAllLimit);
}

std::string names_of(const std::vector<std::unique_ptr<HostRuntime>>& hosts) {
  std::string text;
  for (const auto& host : hosts) {
    text +=
        (text.empty() ? "" : ", ") + (host->host().empty() ? "one without a name" : host->host());
  }
  return text;
}

}  // namespace

HostRuntime* DockerHosts::named(const std::string& host) const {
  for (const auto& one : hosts_) {
    if (one->host() == host) return one.get();
  }
  return nullptr;
}

Result<HostRuntime*> DockerHosts::home_of(const std::string& id, Deadline deadline) {
  const auto [plain, host] = split_host(id);
  if (!host.empty()) {
    if (HostRuntime* const found = named(host)) return found;
    return Error{ErrorCode::unavailable, "container " + plain.substr(0, 12) + " is on host " +
                                             host + ", which no --docker.host names (" +
                                             names_of(hosts_) + "); name it again"};
  }
  if (hosts_.size() == 1) return hosts_.front().get();
  if (const auto known = homes_.of_container(id)) {
    if (HostRuntime* const found = named(*known)) return found;
  }
  return search(id, deadline);
}

Result<HostRuntime*> DockerHosts::search(const std::string& id, Deadline deadline) {
  const auto until = soon(deadline);
  const auto answers = ask_all(hosts_, [&](HostRuntime& one) { return one.inspect(id, until); });
  std::optional<Error> unknown;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (answers[i]) return hosts_[i].get();
    if (answers[i].error().code != ErrorCode::not_found) unknown = answers[i].error();
  }
  if (!unknown) return answers.front().error();
  return Error{ErrorCode::unavailable, "container " + id.substr(0, 12) +
                                           " is on none of the hosts that answer, but " +
                                           unknown->message};
}

template <class Call>
auto DockerHosts::at_home(const std::string& id, Deadline deadline, Call call)
    -> decltype(call(std::declval<HostRuntime&>())) {
  const auto host = home_of(id, deadline);
  if (!host) return host.error();
  return call(**host);
}

template <class Call>
Status DockerHosts::at_home_or_everywhere(const std::string& id, Deadline deadline, Call call) {
  const auto host = home_of(id, deadline);
  if (host) return call(**host);
  if (host.error().code != ErrorCode::not_found) return host.error();
  for (const auto& one : hosts_) {
    if (auto done = call(*one); !done) return done;
  }
  return kDone;
}

Result<std::string> DockerHosts::describe(Deadline deadline) {
  const auto until = soon(deadline);
  std::string text;
  std::size_t failed = 0;
  const auto answers = ask_all(hosts_, [&](HostRuntime& one) { return one.describe(until); });
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) failed += 1;
    const std::string name = hosts_[i]->host();
    text +=
        (text.empty() ? "" : "; ") +
        (answers[i] ? (name.empty() ? "" : name + ": ") + *answers[i] : answers[i].error().message);
  }
  if (failed < answers.size()) return text;
  return Error{answers.front().error().code, text};
}

Result<std::vector<TargetInfo>> DockerHosts::list(Deadline deadline) {
  if (hosts_.size() == 1) return hosts_.front()->list(deadline);
  const auto until = soon(deadline);
  const auto answers = ask_all(hosts_, [&](HostRuntime& one) { return one.list(until); });
  std::vector<TargetInfo> targets;
  bool any = false;
  for (const auto& answer : answers) {
    if (!answer) continue;
    any = true;
    targets.insert(targets.end(), answer->begin(), answer->end());
  }
  if (!any) return answers.front().error();
  std::sort(targets.begin(), targets.end(),
            [](const TargetInfo& a, const TargetInfo& b) { return a.name < b.name; });
  return targets;
}

Result<TargetInfo> DockerHosts::inspect(const std::string& id, Deadline deadline) {
  return at_home(id, deadline, [&](HostRuntime& host) { return host.inspect(id, deadline); });
}

Status DockerHosts::stop(const std::string& id, std::chrono::seconds grace, Deadline deadline) {
  return at_home(id, deadline, [&](HostRuntime& host) { return host.stop(id, grace, deadline); });
}

Status DockerHosts::kill(const std::string& id, Deadline deadline) {
  return at_home(id, deadline, [&](HostRuntime& host) { return host.kill(id, deadline); });
}

Status DockerHosts::pause(const std::string& id, Deadline deadline) {
  return at_home(id, deadline, [&](HostRuntime& host) { return host.pause(id, deadline); });
}

Status DockerHosts::unpause(const std::string& id, Deadline deadline) {
  return at_home(id, deadline, [&](HostRuntime& host) { return host.unpause(id, deadline); });
}

Status DockerHosts::start(const std::string& id, Deadline deadline) {
  return at_home(id, deadline, [&](HostRuntime& host) { return host.start(id, deadline); });
}

std::vector<FaultSupport> DockerHosts::probe(Deadline deadline) {
  std::map<std::string, std::vector<FaultSupport>> by_host;
  const auto answers = ask_all(hosts_, [&](HostRuntime& one) { return one.probe(deadline); });
  for (std::size_t i = 0; i < answers.size(); ++i) by_host[hosts_[i]->host()] = answers[i];
  return common_support(by_host);
}

Status DockerHosts::wait_for_change(Deadline deadline, const std::stop_token& stop) {
  if (hosts_.size() == 1) return hosts_.front()->wait_for_change(deadline, stop);
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  const auto until = std::min<Deadline>(deadline, std::chrono::steady_clock::now() + kHintEvery);
  never.wait_until(lock, stop, until, [] { return false; });
  return kDone;
}

Result<HoldReport> DockerHosts::hold(const HoldOrder& order, Deadline deadline) {
  return at_home(order.target_id, deadline,
                 [&](HostRuntime& host) { return host.holds()->hold(order, deadline); });
}

Result<HoldReport> DockerHosts::renew(const FaultId& fault, Deadline deadline) {
  if (hosts_.size() == 1) return hosts_.front()->holds()->renew(fault, deadline);
  if (const auto known = homes_.of_hold(fault.value)) {
    if (HostRuntime* const host = named(*known)) return host->holds()->renew(fault, deadline);
  }
  // Held since before this run, and not swept over yet: all are asked.
  const auto until = soon(deadline);
  auto answers =
      ask_all(hosts_, [&](HostRuntime& one) { return one.holds()->renew(fault, until); });
  for (auto& answer : answers) {
    if (answer) return answer;
  }
  for (auto& answer : answers) {
    if (answer.error().code != ErrorCode::not_found) return answer;
  }
  return answers.front();
}

Result<HoldReport> DockerHosts::replace(const HoldOrder& order, Deadline deadline) {
  return at_home(order.target_id, deadline,
                 [&](HostRuntime& host) { return host.holds()->replace(order, deadline); });
}

Status DockerHosts::release(const Hold& hold, Deadline deadline) {
  return at_home_or_everywhere(hold.target_id, deadline, [&](HostRuntime& host) {
    return host.holds()->release(hold, deadline);
  });
}

Result<std::vector<Hold>> DockerHosts::all(Deadline deadline) {
  std::vector<Hold> holds;
  const auto answers =
      ask_all(hosts_, [&](HostRuntime& one) { return one.holds()->all(deadline); });
  for (const auto& answer : answers) {
    if (!answer) return answer.error();
    holds.insert(holds.end(), answer->begin(), answer->end());
  }
  return holds;
}

std::vector<Holds*> DockerHosts::parts() {
  std::vector<Holds*> parts;
  for (const auto& host : hosts_) parts.push_back(host->holds());
  return parts;
}

Result<std::vector<std::string>> DockerHosts::exempt(const std::string& target_id,
                                                     Deadline deadline) {
  return at_home(target_id, deadline,
                 [&](HostRuntime& host) { return host.holds()->exempt(target_id, deadline); });
}

Result<DiskShare> DockerHosts::look_at_disk(const FaultId& fault, const std::string& target_id,
                                            Deadline deadline) {
  return at_home(target_id, deadline, [&](HostRuntime& host) {
    return host.holds()->look_at_disk(fault, target_id, deadline);
  });
}

Result<std::vector<std::string>> DockerHosts::own_addresses(Deadline deadline) {
  std::vector<std::string> addresses;
  const auto answers =
      ask_all(hosts_, [&](HostRuntime& one) { return one.holds()->own_addresses(deadline); });
  for (const auto& answer : answers) {
    if (!answer) return answer.error();
    addresses.insert(addresses.end(), answer->begin(), answer->end());
  }
  return addresses;
}

Result<std::vector<std::string>> DockerHosts::addresses_in_use(const std::string& target_id,
                                                               Deadline deadline) {
  return at_home(target_id, deadline, [&](HostRuntime& host) {
    return host.holds()->addresses_in_use(target_id, deadline);
  });
}

Result<Limits> DockerHosts::read(const std::string& id, Deadline deadline) {
  return at_home(id, deadline,
                 [&](HostRuntime& host) { return host.limits()->read(id, deadline); });
}

Result<std::int64_t> DockerHosts::memory_used(const std::string& id, Deadline deadline) {
  return at_home(id, deadline,
                 [&](HostRuntime& host) { return host.limits()->memory_used(id, deadline); });
}

Result<Machine> DockerHosts::machine_of(const std::string& id, Deadline deadline) {
  return at_home(id, deadline,
                 [&](HostRuntime& host) { return host.limits()->machine_of(id, deadline); });
}

Status DockerHosts::set_cpu(const std::string& id, const Limits& limits, Deadline deadline) {
  return at_home(id, deadline,
                 [&](HostRuntime& host) { return host.limits()->set_cpu(id, limits, deadline); });
}

Status DockerHosts::set_memory(const std::string& id, const Limits& limits, Deadline deadline) {
  return at_home(id, deadline, [&](HostRuntime& host) {
    return host.limits()->set_memory(id, limits, deadline);
  });
}

Status DockerHosts::put_mark(const Mark& mark, Deadline deadline) {
  return at_home(mark.target_id, deadline,
                 [&](HostRuntime& host) { return host.marks()->put_mark(mark, deadline); });
}

Status DockerHosts::take_mark(const FaultId& fault, const std::string& target_id,
                              Deadline deadline) {
  return at_home_or_everywhere(target_id, deadline, [&](HostRuntime& host) {
    return host.marks()->take_mark(fault, target_id, deadline);
  });
}

Result<FoundMarks> DockerHosts::find_marks(Deadline deadline) {
  FoundMarks all;
  const auto answers =
      ask_all(hosts_, [&](HostRuntime& one) { return one.marks()->find_marks(deadline); });
  for (const auto& answer : answers) {
    if (!answer) return answer.error();
    all.marks.insert(all.marks.end(), answer->marks.begin(), answer->marks.end());
    all.unreadable.insert(all.unreadable.end(), answer->unreadable.begin(),
                          answer->unreadable.end());
  }
  return all;
}

Result<FoundMarks> DockerHosts::find_marks_of(const std::string& target_id, Deadline deadline) {
  return at_home(target_id, deadline,
                 [&](HostRuntime& host) { return host.marks()->find_marks(deadline); });
}

std::vector<OwnershipMarks*> DockerHosts::mark_parts() {
  std::vector<OwnershipMarks*> parts;
  for (const auto& host : hosts_) parts.push_back(host->marks());
  return parts;
}

}  // namespace faultline::chaos
