#include "chaosd/docker/docker_limits.hpp"

#include "chaosd/docker/docker_json.hpp"
#include "chaosd/docker/holder_json.hpp"

namespace faultline::chaos {

namespace {

/// As much as the kernel's counter holds, in whole pages: what an unlimited cgroup shows.
constexpr std::int64_t kNoMemoryLimit = 9'223'372'036'854'771'712;
constexpr std::int64_t kNoSwapLimit = -1;

}  // namespace

Result<Limits> DockerLimits::read(const std::string& id, Deadline deadline) {
  const auto inspected = engine_.read_container_page(id, "json", deadline);
  if (!inspected) return inspected.error();
  auto limits = read_host_limits(*inspected);
  if (!limits) return unreadable(limits.error());
  return limits;
}

Result<std::int64_t> DockerLimits::memory_used(const std::string& id, Deadline deadline) {
  const auto stats = engine_.read_container_page(id, "stats?stream=false&one-shot=true", deadline);
  if (!stats) return stats.error();
  return read_memory_used(*stats);
}

Result<Machine> DockerLimits::machine_of(const std::string& /*id*/, Deadline deadline) {
  const auto answer = engine_.call("GET", "/info", deadline);
  if (!answer) return answer.error();
  if (answer->status != 200) return upstream(*answer);
  const auto info = read_info(answer->body);
  if (!info) return unreadable(info.error());
  return info->machine;
}

Status DockerLimits::update(const std::string& id, const std::string& body, Deadline deadline) {
  if (!is_container_id(id)) return no_container(id);
  const auto answer = engine_.post("/containers/" + id + "/update", body, deadline);
  if (!answer) return answer.error();
  if (answer->status == 200) return kDone;
  if (answer->status == 404) return no_container(id);
  return upstream(*answer);
}

Status DockerLimits::set_cpu(const std::string& id, const Limits& limits, Deadline deadline) {
  return update(id, cpu_body(limits), deadline);
}

Status DockerLimits::set_memory(const std::string& id, const Limits& limits, Deadline deadline) {
  const bool lifts = limits.memory <= 0;
  const std::int64_t memory = lifts ? kNoMemoryLimit : limits.memory;
  const std::int64_t swap = lifts ? kNoSwapLimit : limits.memory_swap;
  const auto set = update(id, memory_body(memory, swap), deadline);
  if (set || swap != kNoSwapLimit || set.error().code == ErrorCode::not_found) return set;
  // cgroup v2 takes "no limit" for swap; v1 refuses it beside a memory limit of any size, and
  // takes it by itself once the number is as large as there is.
  const auto stepwise = update(id, memory_body(memory, kNoMemoryLimit), deadline);
  if (stepwise && !lifts)
    (void)update(id, swap_body(kNoSwapLimit), deadline);  // The same, as it was.
  return stepwise;
}

std::vector<FaultSupport> DockerLimits::probe(Deadline deadline) {
  FaultSupport cpu{FaultKind::cpu_throttle, Support::supported, ""};
  FaultSupport memory{FaultKind::memory_pressure, Support::supported, ""};
  const auto answer = engine_.call("GET", "/info", deadline);
  const auto info = answer ? read_info(answer->body) : Result<EngineInfo>{answer.error()};
  const auto cannot = [](FaultSupport& support, Support how, const std::string& why) {
    support.support = how;
    support.reason = why;
  };
  if (!info) {
    cannot(cpu, Support::unsupported, info.error().message);
    cannot(memory, Support::unsupported, info.error().message);
  } else {
    if (!info->cpu_quota) {
      cannot(cpu, Support::unsupported, "the machine's kernel has no CPU quota for containers");
    }
    if (!info->memory_limit) {
      cannot(memory, Support::unsupported, "the machine has no memory controller for containers");
    } else if (!info->swap_limit) {
      cannot(memory, Support::degraded, "swap is not limited here: pressure may become swapping");
    }
  }
  return {cpu, memory};
}

}  // namespace faultline::chaos
