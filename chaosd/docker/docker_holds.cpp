#include "chaosd/docker/docker_holds.hpp"

#include <algorithm>

#include <poll.h>

#include "chaosd/docker/docker_json.hpp"
#include "chaosd/runtime/fault_point.hpp"
#include "chaosd/runtime/ownership_marks.hpp"

namespace faultline::chaos {

namespace {

constexpr int kLookMs = 10;                    // Between two looks into a helper's log.
constexpr int kNameTakenMs = 100;              // Until a name is asked for again.
constexpr int kLooksUntilInspect = 20;         // A helper that ended says nothing more.
constexpr std::chrono::seconds kStopLimit{7};  // It ends at once, or cannot.
constexpr std::int64_t kKilled = 128;          // Exit codes from here on: a signal ended it.

std::vector<std::string> joined(std::vector<std::string> words,
                                const std::vector<std::string>& times,
                                const std::vector<std::string>& more) {
  words.insert(words.end(), times.begin(), times.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Error image_missing(const std::string& image) {
  return {ErrorCode::unsupported,
          "the image " + image +
              " is not on this Engine; build it with tools/nethold_image, or name another with "
              "--docker.helper-image"};
}

}  // namespace

Result<std::string> holder_name(const FaultId& fault) {
  if (const auto fits = can_be_marked(fault); !fits) return fits.error();
  return "faultline-nethold-" + fault.value;
}

std::map<std::string, std::string> DockerHolds::labels() const {
  return {{std::string{kRoleLabel}, std::string{kHolderRole}}, {std::string{kOwnerLabel}, owner_}};
}

Result<Holder> DockerHolds::inspect(const std::string& name, Deadline deadline) {
  const auto answer = engine_.call("GET", "/containers/" + name + "/json", deadline);
  if (!answer) return answer.error();
  if (answer->status == 404) return no_container(name);
  if (answer->status != 200) return upstream(*answer);
  auto holder = read_holder(answer->body);
  if (!holder) return unreadable(holder.error());
  const auto role = holder->labels.find(std::string{kRoleLabel});
  if (role == holder->labels.end() || role->second != kHolderRole) {
    return Error{ErrorCode::conflict, "the container " + name + " is not ours"};
  }
  return holder;
}

Result<std::string> DockerHolds::create(const std::string& name, const HolderSpec& spec,
                                        Deadline deadline) {
  const auto answer = engine_.post("/containers/create?name=" + name, create_body(spec), deadline);
  if (!answer) return answer.error();
  if (answer->status == 404) return image_missing(spec.image);
  if (answer->status == 409) {
    return Error{ErrorCode::conflict, "the Docker Engine: " + read_message(answer->body)};
  }
  if (answer->status != 201) return upstream(*answer);
  auto id = read_created(answer->body);
  if (!id) return unreadable(id.error());
  return id;
}

Status DockerHolds::start(const std::string& id, Deadline deadline) {
  const auto answer = engine_.call("POST", "/containers/" + id + "/start", deadline);
  if (!answer) return answer.error();
  if (answer->status == 204 || answer->status == 304) return kDone;
  return upstream(*answer);
}

Status DockerHolds::remove(const std::string& id, Deadline deadline) {
  const auto answer = engine_.call("DELETE", "/containers/" + id + "?force=1", deadline);
  if (!answer) return answer.error();
  // 409: somebody else is removing it just now.
  if (answer->status == 204 || answer->status == 404 || answer->status == 409) return kDone;
  return upstream(*answer);
}

Result<std::vector<std::string>> DockerHolds::log(const std::string& id, Deadline deadline) {
  const auto answer =
      engine_.call("GET", "/containers/" + id + "/logs?stdout=1&stderr=1&tail=20", deadline);
  if (!answer) return answer.error();
  if (answer->status == 404) return no_container(id);
  if (answer->status != 200) return upstream(*answer);
  return read_log(answer->body);
}

Result<HoldReport> DockerHolds::await_report(const std::string& id, std::int64_t after,
                                             Deadline deadline, const NetRules* rules) {
  for (int looks = 1;; ++looks) {
    const auto lines = log(id, deadline);
    if (!lines) return lines.error();
    if (!lines->empty()) {
      const auto held = read_held_line(lines->back());
      if (!held && !lines->back().starts_with("removed")) return held.error();
      if (!held) return Error{ErrorCode::not_found, "the helper ended: " + lines->back()};
      const auto& laid = held->report.laid;
      const bool wanted = rules == nullptr || (laid && same_rules(*laid, *rules));
      if (held->number > after && wanted) return held->report;
    }
    if (looks % kLooksUntilInspect == 0) {
      const auto holder = inspect(id, deadline);
      if (!holder) return holder.error();
      if (!holder->running) {
        return Error{ErrorCode::not_found,
                     "the helper ended with exit code " + std::to_string(holder->exit_code)};
      }
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{ErrorCode::timeout, "the helper did not answer before the deadline"};
    }
    (void)::poll(nullptr, 0, kLookMs);
  }
}

Result<HolderSpec> DockerHolds::spec_for(const HoldOrder& order, Deadline deadline) {
  const std::vector<std::string> times{"--fault=" + order.fault.value,
                                       "--deadline-ms=" + std::to_string(order.deadline.count()),
                                       "--lease-ms=" + std::to_string(order.lease.count())};
  HolderSpec spec{image_, {}, {}, "container:" + order.target_id};
  if (const auto* const rules = std::get_if<NetRules>(&order.what)) {
    spec.arguments = joined({"hold"}, times, to_arguments(*rules));
    spec.has_inbox = true;
    return spec;
  }
  if (const auto* const throttle = std::get_if<DiskThrottle>(&order.what)) {
    spec.arguments = joined({"throttle"}, times, to_arguments(*throttle));
    spec.labels[std::string{kPlaceLabel}] = kLimitsPlace;
    spec.labels[std::string{kSavedLabel}] = to_text(*throttle);
  } else {
    spec.arguments = joined({"fill"}, times, to_arguments(std::get<DiskFill>(order.what)));
    spec.labels[std::string{kPlaceLabel}] = kDiskPlace;
  }
  spec.capability = "DAC_OVERRIDE";  // The store's folder may belong to another user.
  const bool limits = std::holds_alternative<DiskThrottle>(order.what);
  if (auto given = give_disk(spec, order.target_id, limits, deadline); !given) return given.error();
  return spec;
}

Status DockerHolds::has_its_network_alone(const std::string& target_id, Deadline deadline) {
  const auto answer = engine_.call("GET", "/containers/json", deadline);
  if (!answer) return answer.error();
  if (answer->status != 200) return upstream(*answer);
  const auto others = read_sharers(answer->body, target_id);
  if (!others) return unreadable(others.error());
  if (others->empty()) return kDone;
  return Error{ErrorCode::unsupported, "the container " + others->front() +
                                           " is in the target's network and would be cut as well; "
                                           "stop it, or give it a network of its own"};
}

Result<HoldReport> DockerHolds::hold(const HoldOrder& order, Deadline deadline) {
  const auto name = holder_name(order.fault);
  if (!name) return name.error();
  if (!is_container_id(order.target_id)) return no_container(order.target_id);
  if (std::holds_alternative<NetRules>(order.what)) {
    if (auto alone = has_its_network_alone(order.target_id, deadline); !alone) return alone.error();
  }
  auto filled = spec_for(order, deadline);
  if (!filled) return filled.error();
  HolderSpec& spec = *filled;
  spec.labels.merge(labels());
  spec.labels[std::string{kFaultLabel}] = order.fault.value;
  spec.labels[std::string{kHeldTargetLabel}] = order.target_id;
  auto id = create(*name, spec, deadline);
  if (!id && id.error().code == ErrorCode::conflict) return renew(order.fault, deadline);
  if (!id) return id.error();
  fault_point("hold:created");
  if (auto started = start(*id, deadline); !started) return started.error();
  fault_point("hold:started");
  return await_report(*id, 0, deadline);
}

Result<Holder> DockerHolds::running_helper(const FaultId& fault, Deadline deadline) {
  const auto name = holder_name(fault);
  if (!name) return name.error();
  auto holder = inspect(*name, deadline);
  if (!holder || holder->running) return holder;
  return Error{ErrorCode::not_found,
               "the helper ended with exit code " + std::to_string(holder->exit_code)};
}

Result<std::int64_t> DockerHolds::last_number(const std::string& id, Deadline deadline) {
  const auto lines = log(id, deadline);
  if (!lines) return lines.error();
  if (lines->empty()) return std::int64_t{0};
  const auto held = read_held_line(lines->back());
  if (!held) return held.error();
  return held->number;
}

Result<HoldReport> DockerHolds::renew(const FaultId& fault, Deadline deadline) {
  const auto holder = running_helper(fault, deadline);
  if (!holder) return holder.error();
  const auto last = last_number(holder->id, deadline);
  if (!last) return last.error();
  const auto asked =
      engine_.call("POST", "/containers/" + holder->id + "/kill?signal=SIGUSR1", deadline);
  if (!asked) return asked.error();
  if (asked->status == 404 || asked->status == 409) {
    return Error{ErrorCode::not_found, "the helper ended just now"};
  }
  if (asked->status != 204) return upstream(*asked);
  return await_report(holder->id, *last, deadline);
}

Status DockerHolds::stop(const std::string& name, Holder& holder, Deadline deadline) {
  const auto stopped = engine_.call("POST", "/containers/" + holder.id + "/stop?t=5", deadline);
  if (!stopped) return stopped.error();
  auto now = inspect(name, deadline);
  if (!now) return now.error();
  holder = std::move(now).value();
  if (!holder.running) return kDone;
  return Error{ErrorCode::upstream, "the helper " + name + " still runs"};
}

Status DockerHolds::release(const Hold& asked, Deadline deadline) {
  Hold hold = asked;
  const auto name = holder_name(hold.fault);
  if (!name) return name.error();
  auto holder = inspect(*name, deadline);
  if (!holder && holder.error().code != ErrorCode::not_found) return holder.error();
  bool taken_away = false;
  if (holder) {
    // What stood there when that very helper was made.
    const auto saved = holder->labels.find(std::string{kSavedLabel});
    if (saved != holder->labels.end()) hold.saved = saved->second;
    const bool limits = hold.place == HoldPlace::limits;
    const auto patience = std::min(deadline, std::chrono::steady_clock::now() + kStopLimit);
    auto stopped =
        holder->running ? stop(*name, *holder, limits ? patience : deadline) : Status{kDone};
    // Killed while a trial of its own is held back, it cannot end before the limits do.
    if (!stopped && limits && clean_up(hold, deadline)) stopped = stop(*name, *holder, deadline);
    if (!stopped) return stopped;
    taken_away = holder->exit_code < kKilled;
  }
  // A file without a name is gone with the process that had it open.
  if (!taken_away && hold.place != HoldPlace::disk) {
    if (auto cleaned = clean_up(hold, deadline); !cleaned) return cleaned;
  }
  if (hold.place == HoldPlace::limits) {
    // Of a chaosd that died while it looked.
    if (auto removed = remove(*name + "-look", deadline); !removed) return removed;
  }
  return holder ? remove(holder->id, deadline) : Status{kDone};
}

Status DockerHolds::clean_up(const Hold& hold, Deadline deadline) {
  const std::string& target_id = hold.target_id;
  if (!is_container_id(target_id)) return kDone;
  if (hold.place == HoldPlace::limits && hold.saved.empty()) return kDone;  // Nothing was set.
  const auto answer = engine_.call("GET", "/containers/" + target_id + "/json", deadline);
  if (!answer) return answer.error();
  if (answer->status == 404) return kDone;
  if (answer->status != 200) return upstream(*answer);
  const auto target = read_container(answer->body);
  if (!target) return unreadable(target.error());
  // A network namespace, or a cgroup, ends with the run, and all that was in it.
  if (!is_up(target->target)) return kDone;
  const auto name = holder_name(hold.fault);
  if (!name) return name.error();
  const auto spec = cleaner_for(hold, answer->body, deadline);
  if (!spec) return spec.error();
  const auto said = run(*name + "-clean", *spec, deadline);
  // Without the image no helper can have been started, unless image and helper were
  // removed by force together; and then the kernel has taken the table of a dead owner.
  // Limits of the dead stay.
  const bool nothing_left =
      hold.place == HoldPlace::network && !said && said.error().code == ErrorCode::unsupported;
  return said || nothing_left ? Status{kDone} : said.error();
}

Result<std::string> DockerHolds::create_anew(const std::string& name, const HolderSpec& spec,
                                             Deadline deadline) {
  while (true) {
    if (auto removed = remove(name, deadline); !removed) return removed.error();
    auto id = create(name, spec, deadline);
    // The Engine may still be making the one that an earlier run asked for, or still be
    // removing it: the name is taken, and yet there was nothing to remove.
    const bool taken = !id && id.error().code == ErrorCode::conflict;
    // Not asked once more when there is no time left for an answer: that would be told as silence.
    const auto again = std::chrono::steady_clock::now() + milliseconds{kNameTakenMs};
    if (!taken || again >= deadline) return id;
    (void)::poll(nullptr, 0, kNameTakenMs);
  }
}

Result<std::vector<std::string>> DockerHolds::run(const std::string& name, const HolderSpec& spec,
                                                  Deadline deadline) {
  const auto id = create_anew(name, spec, deadline);
  if (!id) return id.error();
  const auto finish = [&]() -> Result<std::vector<std::string>> {
    if (auto started = start(*id, deadline); !started) return started.error();
    const auto waited = engine_.call("POST", "/containers/" + *id + "/wait", deadline);
    if (!waited) return waited.error();
    const auto holder = inspect(*id, deadline);
    if (!holder) return holder.error();
    auto lines = log(*id, deadline);
    if (!lines || holder->exit_code == 0) return lines;
    return Error{ErrorCode::upstream, "the helper ended with exit code " +
                                          std::to_string(holder->exit_code) +
                                          (lines->empty() ? "" : ": " + lines->back())};
  };
  auto lines = finish();
  if (auto removed = remove(*id, deadline); !removed && lines) return removed.error();
  return lines;
}

Result<std::vector<Hold>> DockerHolds::all(Deadline deadline) {
  const auto answer =
      engine_.call("GET", "/containers/json?all=1&filters=" + holder_filter(owner_), deadline);
  if (!answer) return answer.error();
  if (answer->status != 200) return upstream(*answer);
  auto holds = read_holds(answer->body);
  if (!holds) return unreadable(holds.error());
  return holds;
}

std::vector<FaultSupport> DockerHolds::probe(Deadline deadline) {
  if (!probed_.empty()) return probed_;
  const auto said =
      run("faultline-nethold-probe-" + owner_, {image_, {"probe"}, labels(), "none"}, deadline);
  if (said) {
    probed_ = read_probe(*said);
    return probed_;
  }
  std::vector<FaultSupport> none;
  for (const auto& support : read_probe({})) {
    none.push_back({support.kind, Support::unsupported, said.error().message});
  }
  return none;
}

}  // namespace faultline::chaos
