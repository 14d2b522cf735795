#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chaosd/runtime/runtime.hpp"
#include "chaosd/service/chaos_clock.hpp"

namespace faultline::chaos {

/// Time that moves only when a test says so; all three clocks together.
class FakeChaosClock final : public ChaosClock {
 public:
  [[nodiscard]] Now now() const override { return now_; }
  void advance(milliseconds by) {
    now_.wall += by;
    now_.steady += by;
    now_.boot.since_boot += by;
  }
  /// What an administrator or NTP may do: only the wall clock moves.
  void step_wall(milliseconds by) { now_.wall += by; }
  void reboot(milliseconds off) {
    now_.wall += off;
    now_.boot = {now_.boot.boot_id + "+", milliseconds{1000}};
  }

 private:
  Now now_{from_ms(1'800'000'000'000),
           SteadyTime{} + std::chrono::hours{1},
           {"boot-1", milliseconds{500'000}}};
};

/// Thrown by a runtime in the middle of a call, as a SIGKILL of chaosd would end it.
struct Crash {};
/// The fault point at which the next one dies, once; empty: none.
std::string& crash_at();

/// A helper that holds a fault: it outlives the run of the target that its rules are in, as
/// the container of a real one does.
struct FakeHold {
  std::string target_id;
  std::string instance;  ///< The run whose network it is in.
  HoldWhat what;
  int order = 0;  ///< Of laying them down: who came first meets a packet first.
  /// Null: it is no network fault.
  [[nodiscard]] const NetRules* rules() const { return std::get_if<NetRules>(&what); }
  [[nodiscard]] bool shapes() const {
    const auto* const laid = rules();
    return laid != nullptr && (laid->effect == NetEffect::rate || laid->effect == NetEffect::delay);
  }
  /// Nothing that its witnesses send gets past `other`.
  [[nodiscard]] bool is_behind(const FakeHold& other) const {
    const auto* const mine = rules();
    const auto* const theirs = other.rules();
    if (mine == nullptr || theirs == nullptr) return false;
    if (other.target_id != target_id || theirs->effect != NetEffect::drop) return false;
    if (other.order > order && !shapes()) return false;  // A queue comes after all rules.
    return std::all_of(mine->witnesses.begin(), mine->witnesses.end(), [&](const auto& witness) {
      const auto& cut = theirs->peers;
      return cut.empty() || std::find(cut.begin(), cut.end(), witness) != cut.end();
    });
  }
};

/// What stands behind every FakeRuntime, and stays when chaosd "dies".
struct FakeWorld {
  std::map<std::string, FakeHold> holds;  ///< By fault id.
  int holds_laid = 0;
  bool holds_meet_packets = true;
  std::vector<std::string> strangers;           ///< Addresses of containers that are no targets.
  std::vector<std::string> ours{"10.0.0.254"};  ///< What is exempt: gateways and our own.
  int renewals = 0;
  std::map<std::string, Mark> marks;     ///< By fault id.
  std::map<std::string, Limits> limits;  ///< By target id; none: unlimited.
  Machine machine{4, std::int64_t{16} << 30};
  std::map<std::string, IoLimits> io;         ///< The same of its disk, gone with its run.
  std::vector<FaultSupport> support;          ///< What the probe answers.
  std::map<std::string, TargetInfo> targets;  ///< By id.
  std::vector<std::string> calls;             ///< Acting ones: "stop id-n1", in order.
  std::map<std::string, Error> errors;        ///< By verb: it fails so and does nothing.
  std::map<std::string, Error> late_errors;   ///< By verb: it is done, and then reported so.
  std::set<std::string> ignored;              ///< Verbs that say "done" and do nothing.
  int runs = 0;
  int calls_until_crash = -1;  ///< Counts every call; at 0 the call throws Crash.
  bool crash_after_effect = false;

  TargetInfo& add(const std::string& name) {
    const std::string id = "id-" + name;
    const std::string run = std::to_string(++runs);
    targets[id] = {name, id, "run-" + run, ContainerState::running, {}, {name, "10.0.0." + run}};
    return targets[id];
  }
  TargetInfo& at(const std::string& name) { return targets.at("id-" + name); }
  void start(const std::string& name) {
    at(name).state = ContainerState::running;
    at(name).instance = "run-" + std::to_string(++runs);
    at(name).exit_code.reset();
    io.erase("id-" + name);
  }
  /// States and limits of targets, and everything that is held or marked: to be compared
  /// before and after.
  [[nodiscard]] std::map<std::string, std::string> fingerprint() const {
    std::map<std::string, std::string> all;
    for (const auto& [id, target] : targets) {
      const auto limit = limits.find(id);
      all[id] = std::string{to_string(target.state)} + " " +
                to_text(limit == limits.end() ? Limits{} : limit->second);
      const auto on_disk = io.find(id);
      all[id] +=
          " " + to_text(DiskShare{"8:0", on_disk == io.end() ? IoLimits{} : on_disk->second});
    }
    for (const auto& [fault, hold] : holds) all["held for " + fault] = hold.target_id;
    for (const auto& [fault, mark] : marks) all["marked for " + fault] = mark.target_id;
    return all;
  }
};

/// A runtime over a FakeWorld that records what it is told and fails when told to.
class FakeRuntime final : public Runtime,
                          private Holds,
                          private LimitsControl,
                          private OwnershipMarks {
 public:
  explicit FakeRuntime(FakeWorld& world) : world_(world) {}

  [[nodiscard]] Holds* holds() override { return this; }
  [[nodiscard]] LimitsControl* limits() override { return this; }
  [[nodiscard]] OwnershipMarks* marks() override { return this; }
  [[nodiscard]] std::vector<FaultSupport> probe(Deadline) override { return world_.support; }

  [[nodiscard]] RuntimeKind kind() const override { return RuntimeKind::docker; }
  [[nodiscard]] Result<std::string> describe(Deadline) override {
    if (const auto error = error_of("describe")) return *error;
    return std::string{"Fake Engine 1.0"};
  }
  [[nodiscard]] Result<std::vector<TargetInfo>> list(Deadline) override {
    if (const auto error = error_of("list")) return *error;
    std::vector<TargetInfo> all;
    for (const auto& [id, target] : world_.targets) all.push_back(target);
    return all;
  }
  [[nodiscard]] Result<TargetInfo> inspect(const std::string& id, Deadline) override {
    count_down();
    if (const auto error = error_of("inspect")) return *error;
    const auto target = world_.targets.find(id);
    if (target == world_.targets.end()) return gone(id);
    return target->second;
  }
  Status stop(const std::string& id, std::chrono::seconds, Deadline) override {
    return act("stop", id, [](TargetInfo& target) { target.state = ContainerState::exited; });
  }
  Status kill(const std::string& id, Deadline) override {
    return act("kill", id, [](TargetInfo& target) { target.state = ContainerState::exited; });
  }
  Status pause(const std::string& id, Deadline) override {
    return act("pause", id, [](TargetInfo& target) { target.state = ContainerState::paused; });
  }
  Status unpause(const std::string& id, Deadline) override {
    return act("unpause", id, [](TargetInfo& target) { target.state = ContainerState::running; });
  }
  Status start(const std::string& id, Deadline) override {
    return act("start", id, [this](TargetInfo& target) { world_.start(target.name); });
  }
  Status wait_for_change(Deadline, const std::stop_token&) override { return kDone; }

 private:
  Result<HoldReport> hold(const HoldOrder& order, Deadline) override {
    FakeHold one{order.target_id, "", order.what, ++world_.holds_laid};
    for (const auto& [fault, other] : world_.holds) {
      if (one.shapes() && other.shapes() && other.target_id == order.target_id) {
        return Error{ErrorCode::upstream, "RTNETLINK answers: File exists"};
      }
    }
    const auto done = act("hold", order.target_id, [&](TargetInfo& target) {
      one.instance = target.instance;
      world_.holds[order.fault.value] = one;
      if (const auto* const throttle = std::get_if<DiskThrottle>(&order.what)) {
        world_.io[order.target_id] = throttle->ours;
      }
    });
    if (!done) return done.error();
    return HoldReport{4, 1, true};
  }
  Result<HoldReport> renew(const FaultId& fault, Deadline) override {
    count_down();
    world_.renewals += 1;
    if (const auto error = error_of("renew")) return *error;
    const auto found = world_.holds.find(fault.value);
    if (found == world_.holds.end()) return gone("faultline-nethold-" + fault.value);
    const bool meets =
        world_.holds_meet_packets &&
        std::none_of(world_.holds.begin(), world_.holds.end(), [&](const auto& other) {
          return other.first != fault.value && found->second.is_behind(other.second);
        });
    HoldReport report{4, meets ? 1 : 0, true};
    if (const auto* const rules = found->second.rules()) report.laid = *rules;
    return report;
  }
  Result<HoldReport> replace(const HoldOrder& order, Deadline deadline) override {
    const auto done = act("replace", order.target_id, [&](TargetInfo&) {
      const auto found = world_.holds.find(order.fault.value);
      if (found != world_.holds.end()) found->second.what = order.what;
    });
    if (!done) return done.error();
    return renew(order.fault, deadline);
  }
  Status release(const Hold& hold, Deadline) override {
    world_.calls.push_back("release " + hold.target_id);
    const bool crashes_here = world_.calls_until_crash == 0;
    if (!(crashes_here && world_.crash_after_effect)) count_down();
    if (const auto error = error_of("release")) return *error;
    world_.holds.erase(hold.fault.value);
    // With what was written down, even when what held it is gone.
    const auto throttle = read_throttle(hold.saved);
    if (throttle && world_.io.contains(hold.target_id) &&
        world_.io[hold.target_id] == throttle->ours) {
      world_.io[hold.target_id] = throttle->before;
    }
    if (crashes_here) count_down();
    return kDone;
  }
  Result<std::vector<Hold>> all(Deadline) override {
    std::vector<Hold> held;
    for (const auto& [fault, hold] : world_.holds) {
      const auto* const throttle = std::get_if<DiskThrottle>(&hold.what);
      const bool fill = std::holds_alternative<DiskFill>(hold.what);
      held.push_back({{fault},
                      hold.target_id,
                      throttle != nullptr ? HoldPlace::limits
                      : fill              ? HoldPlace::disk
                                          : HoldPlace::network,
                      throttle != nullptr ? to_text(*throttle) : ""});
    }
    return held;
  }
  Result<DiskShare> look_at_disk(const FaultId&, const std::string& id, Deadline) override {
    count_down();
    if (const auto error = error_of("look_at_disk")) return *error;
    if (!world_.targets.contains(id)) return gone(id);
    const auto found = world_.io.find(id);
    return DiskShare{"8:0", found == world_.io.end() ? IoLimits{} : found->second};
  }
  Result<std::vector<std::string>> exempt(const std::string&, Deadline) override {
    count_down();
    return world_.ours;
  }
  Result<std::vector<std::string>> own_addresses(Deadline) override {
    count_down();
    return std::vector<std::string>{"10.0.0.253"};
  }
  Result<std::vector<std::string>> addresses_in_use(const std::string&, Deadline) override {
    count_down();
    if (const auto error = error_of("addresses_in_use")) return *error;
    auto all = world_.strangers;
    for (const auto& [id, target] : world_.targets) {
      if (target.state != ContainerState::running) continue;
      all.insert(all.end(), target.addresses.begin(), target.addresses.end());
    }
    return all;
  }

  [[nodiscard]] Result<Limits> read(const std::string& id, Deadline) override {
    count_down();
    if (const auto error = error_of("read")) return *error;
    if (!world_.targets.contains(id)) return gone(id);
    const auto found = world_.limits.find(id);
    return found == world_.limits.end() ? Limits{} : found->second;
  }
  [[nodiscard]] Result<std::int64_t> memory_used(const std::string&, Deadline) override {
    return std::int64_t{100} * 1024 * 1024;
  }
  [[nodiscard]] Result<Machine> machine_of(const std::string& id, Deadline) override {
    count_down();
    if (const auto error = error_of("machine_of")) return *error;
    if (!world_.targets.contains(id)) return gone(id);
    return world_.machine;
  }
  Status set_cpu(const std::string& id, const Limits& limits, Deadline) override {
    return act("set_cpu", id, [&](TargetInfo&) {
      world_.limits[id].cpu_quota_us = limits.cpu_quota_us;
      world_.limits[id].nano_cpus = limits.nano_cpus;
    });
  }
  Status set_memory(const std::string& id, const Limits& limits, Deadline) override {
    return act("set_memory", id, [&](TargetInfo&) {
      world_.limits[id].memory = limits.memory;
      world_.limits[id].memory_swap = limits.memory_swap;
    });
  }

  Status put_mark(const Mark& mark, Deadline) override {
    return at_the_marks("put_mark", [&] { world_.marks[mark.fault.value] = mark; });
  }
  Status take_mark(const FaultId& fault, const std::string&, Deadline) override {
    return at_the_marks("take_mark", [&] { world_.marks.erase(fault.value); });
  }
  Result<FoundMarks> find_marks(Deadline) override {
    if (const auto error = error_of("find_marks")) return *error;
    FoundMarks found;
    for (const auto& [fault, mark] : world_.marks) found.marks.push_back(mark);
    return found;
  }
  /// A mark is no act on a target, so it is not among the calls.
  template <class Effect>
  Status at_the_marks(const std::string& verb, Effect effect) {
    const bool crashes_here = world_.calls_until_crash == 0;
    if (!(crashes_here && world_.crash_after_effect)) count_down();
    if (const auto error = error_of(verb)) return *error;
    effect();
    if (crashes_here) count_down();
    return kDone;
  }

  static Error gone(const std::string& id) { return {ErrorCode::not_found, "no container " + id}; }

  [[nodiscard]] std::optional<Error> error_of(const std::string& verb) const {
    const auto error = world_.errors.find(verb);
    return error == world_.errors.end() ? std::nullopt : std::optional{error->second};
  }
  void count_down() {
    if (world_.calls_until_crash < 0) return;
    if (world_.calls_until_crash-- == 0) throw Crash{};
  }
  template <class Effect>
  Status act(const std::string& verb, const std::string& id, Effect effect) {
    world_.calls.push_back(verb + " " + id);
    const bool crashes_here = world_.calls_until_crash == 0;
    if (!(crashes_here && world_.crash_after_effect)) count_down();
    if (const auto error = error_of(verb)) return *error;
    const auto target = world_.targets.find(id);
    if (target == world_.targets.end()) return gone(id);
    if (!world_.ignored.contains(verb)) effect(target->second);
    if (crashes_here) count_down();
    const auto late = world_.late_errors.find(verb);
    if (late != world_.late_errors.end()) return late->second;
    return kDone;
  }

  FakeWorld& world_;
};

}  // namespace faultline::chaos
