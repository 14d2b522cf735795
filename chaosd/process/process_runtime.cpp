#include "chaosd/process/process_runtime.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "chaosd/process/launch.hpp"

namespace faultline::chaos {

namespace {

constexpr std::string_view kIdPrefix = "process:";
constexpr std::string_view kEnded = "ended/";        // Of an instance that is over.
constexpr auto kLook = milliseconds{50};             // How often a pause or a start is looked for.
constexpr auto kStateStep = milliseconds{2};         // Between two looks for a signal's effect.
constexpr auto kPidFileSettles = milliseconds{200};  // The program may rewrite it.
constexpr auto kFirstBreath = milliseconds{40};      // A program that dies in it did not start.

SteadyTime now() { return std::chrono::steady_clock::now(); }

std::string boot_id() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  file >> id;
  return id.substr(0, 8);
}

Error unknown(const std::string& id) {
  return {ErrorCode::not_found, "there is no process target \"" + id + "\""};
}

Error too_late(const ProcessSpec& spec, const std::string& what) {
  return {ErrorCode::timeout, spec.name + " " + what + " before the deadline"};
}

Error named(const ProcessSpec& spec, const Error& error) {
  return {error.code, spec.name + ": " + error.message};
}

/// Waits until the process is stopped by a signal (or runs again), or is over.
Status wait_stopped(const ProcessSpec& spec, const Pidfd& process, bool stopped,
                    Deadline deadline) {
  for (;;) {
    const auto stat = read_stat(process.pid());
    if (!stat || is_over(*stat)) {
      if (!stopped) return kDone;
      return Error{ErrorCode::conflict, spec.name + " ended while it was being paused"};
    }
    if ((stat->state == 'T') == stopped) return kDone;
    if (now() >= deadline) return too_late(spec, stopped ? "did not pause" : "did not run again");
    (void)process.wait_end(std::min<Deadline>(deadline, now() + kStateStep));
  }
}

Status end_by_kill(const ProcessSpec& spec, const Pidfd& process, Deadline deadline) {
  if (auto sent = process.send(SIGKILL); !sent) return named(spec, sent.error());
  if (!process.wait_end(deadline)) return too_late(spec, "did not die");
  return kDone;
}

/// The program may be writing its own pid file over ours just now: look until it reads well.
std::optional<Pidfd> find_launched(const ProcessSpec& spec, Deadline until) {
  while (true) {
    auto process = Pidfd::of(spec);
    if (process || now() >= until) return process;
    (void)::poll(nullptr, 0, 5);
  }
}

}  // namespace

ProcessRuntime::ProcessRuntime(std::vector<ProcessSpec> specs, std::string file,
                               std::unique_ptr<OwnershipMarks> marks)
    : specs_(std::move(specs)),
      file_(std::move(file)),
      marks_(std::move(marks)),
      boot_(boot_id()) {}

Result<std::unique_ptr<Runtime>> make_process_runtime(const std::string& file,
                                                      std::unique_ptr<OwnershipMarks> marks) {
  auto specs = read_process_file(file);
  if (!specs) return specs.error();
  return std::unique_ptr<Runtime>{
      std::make_unique<ProcessRuntime>(std::move(*specs), file, std::move(marks))};
}

const ProcessSpec* ProcessRuntime::find(const std::string& id) const {
  const auto found = std::find_if(specs_.begin(), specs_.end(), [&](const ProcessSpec& spec) {
    return id == std::string{kIdPrefix} + spec.name;
  });
  return found == specs_.end() ? nullptr : &*found;
}

TargetInfo ProcessRuntime::look(const ProcessSpec& spec,
                                const std::optional<Pidfd>& process) const {
  TargetInfo target;
  target.name = spec.name;
  target.id = std::string{kIdPrefix} + spec.name;
  target.addresses = spec.addresses;
  target.state = ContainerState::exited;
  if (process) {
    const ProcStat& stat = process->stat();
    target.state = stat.state == 'T' ? ContainerState::paused : ContainerState::running;
    target.instance =
        boot_ + "/" + std::to_string(stat.start_ticks) + "/" + std::to_string(process->pid());
    // Nobody keeps the instant of a pause.
    if (stat.state != 'T') target.state_since = started_at(stat.start_ticks);
  } else if (const auto last = read_pid_file(spec.pid_file)) {
    // Tells a second run that has ended from the first.
    target.instance = std::string{kEnded} + std::to_string(*last);
  }
  return target;
}

Result<std::string> ProcessRuntime::describe(Deadline) {
  return std::to_string(specs_.size()) + " local processes" + (file_.empty() ? "" : " of " + file_);
}

Result<std::vector<TargetInfo>> ProcessRuntime::list(Deadline) {
  std::vector<TargetInfo> targets;
  told_.clear();
  for (const auto& spec : specs_) {
    targets.push_back(look(spec, Pidfd::of(spec)));
    told_.push_back({targets.back().instance, targets.back().state});
  }
  return targets;
}

Result<TargetInfo> ProcessRuntime::inspect(const std::string& id, Deadline) {
  const ProcessSpec* spec = find(id);
  if (spec == nullptr) return unknown(id);
  return look(*spec, Pidfd::of(*spec));
}

/// Of a run that is over its pid file keeps no more than the pid.
bool ProcessRuntime::is_same_run(const std::string& earlier, const std::string& later) const {
  if (earlier == later) return true;
  if (!later.starts_with(kEnded)) return false;
  const auto pid = earlier.rfind('/');
  return pid != std::string::npos && later == std::string{kEnded} + earlier.substr(pid + 1);
}

Status ProcessRuntime::stop(const std::string& id, std::chrono::seconds grace, Deadline deadline) {
  const ProcessSpec* spec = find(id);
  if (spec == nullptr) return unknown(id);
  const auto process = Pidfd::of(*spec);
  if (!process) return kDone;
  if (auto sent = process->send(SIGTERM); !sent) return named(*spec, sent.error());
  // A paused process would keep the signal pending until it runs again.
  if (auto sent = process->send(SIGCONT); !sent) return named(*spec, sent.error());
  if (process->wait_end(std::min<Deadline>(deadline, now() + grace))) return kDone;
  if (now() >= deadline) return too_late(*spec, "did not stop");
  return end_by_kill(*spec, *process, deadline);
}

Status ProcessRuntime::kill(const std::string& id, Deadline deadline) {
  const ProcessSpec* spec = find(id);
  if (spec == nullptr) return unknown(id);
  const auto process = Pidfd::of(*spec);
  if (!process) return kDone;
  return end_by_kill(*spec, *process, deadline);
}

Status ProcessRuntime::pause(const std::string& id, Deadline deadline) {
  const ProcessSpec* spec = find(id);
  if (spec == nullptr) return unknown(id);
  const auto process = Pidfd::of(*spec);
  if (!process) {
    return Error{ErrorCode::conflict, spec->name + " does not run; only what runs can be paused"};
  }
  if (auto sent = process->send(SIGSTOP); !sent) return named(*spec, sent.error());
  return wait_stopped(*spec, *process, true, deadline);
}

Status ProcessRuntime::unpause(const std::string& id, Deadline deadline) {
  const ProcessSpec* spec = find(id);
  if (spec == nullptr) return unknown(id);
  const auto process = Pidfd::of(*spec);
  if (!process) return kDone;  // What does not run is not paused.
  if (auto sent = process->send(SIGCONT); !sent) return named(*spec, sent.error());
  return wait_stopped(*spec, *process, false, deadline);
}

Status ProcessRuntime::start(const std::string& id, Deadline deadline) {
  const ProcessSpec* spec = find(id);
  if (spec == nullptr) return unknown(id);
  if (const auto process = Pidfd::of(*spec)) {
    if (process->stat().state != 'T') return kDone;
    return Error{ErrorCode::conflict, spec->name + " is paused; unpause it instead"};
  }
  if (auto launched = launch(*spec, deadline); !launched) return launched;
  const auto process = find_launched(*spec, std::min<Deadline>(deadline, now() + kPidFileSettles));
  if (!process || process->wait_end(std::min<Deadline>(deadline, now() + kFirstBreath))) {
    return Error{ErrorCode::upstream,
                 spec->name + " ended as soon as it was started; see " + spec->log_file};
  }
  return kDone;
}

std::vector<FaultSupport> ProcessRuntime::probe(Deadline) {
  std::vector<FaultSupport> all;
  for (const FaultKind kind :
       {FaultKind::net_partition, FaultKind::net_isolate, FaultKind::net_loss,
        FaultKind::net_latency, FaultKind::net_bandwidth}) {
    all.push_back({kind, Support::unsupported,
                   "local processes share this machine's network; use --runtime docker"});
  }
  for (const FaultKind kind : {FaultKind::cpu_throttle, FaultKind::memory_pressure}) {
    all.push_back({kind, Support::unsupported,
                   "local processes have no limits of their own; use --runtime docker"});
  }
  for (const FaultKind kind : {FaultKind::disk_fill, FaultKind::disk_slow, FaultKind::disk_stall}) {
    all.push_back({kind, Support::unsupported,
                   "local processes share this machine's disk; use --runtime docker"});
  }
  return all;
}

Status ProcessRuntime::wait_for_change(Deadline deadline, const std::stop_token& stop) {
  const int wakeup = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  {
    const std::stop_callback on_stop{stop, [&] {
                                       const std::uint64_t one = 1;
                                       (void)!::write(wakeup, &one, sizeof one);
                                     }};
    while (!stop.stop_requested()) {
      std::vector<Pidfd> held;
      std::vector<Seen> seen;
      for (const auto& spec : specs_) {
        auto process = Pidfd::of(spec);
        TargetInfo target = look(spec, process);
        seen.push_back({std::move(target.instance), target.state});
        if (process) held.push_back(std::move(*process));
      }
      if (seen != told_) {
        told_ = std::move(seen);
        break;
      }
      if (now() >= deadline) break;
      std::vector<pollfd> waits{pollfd{wakeup, POLLIN, 0}};
      for (const auto& process : held) waits.push_back(pollfd{process.get(), POLLIN, 0});
      const auto left = std::chrono::ceil<milliseconds>(deadline - now());
      (void)::poll(waits.data(), waits.size(), static_cast<int>(std::min(left, kLook).count()));
    }
  }
  ::close(wakeup);
  return kDone;
}

}  // namespace faultline::chaos
