// What DockerHolds gives a helper that holds something on the disk of a target's store.
#include "chaosd/docker/docker_holds.hpp"
#include "chaosd/docker/target_cgroup.hpp"

namespace faultline::chaos {

Status DockerHolds::give_disk(HolderSpec& spec, const std::string& target_id, bool limits,
                              Deadline deadline) {
  const auto page = engine_.read_container_page(target_id, "json", deadline);
  if (!page) return page.error();
  auto volume = read_store_volume(*page);
  if (!volume) return volume.error();
  spec.network = "none";
  spec.volume = std::move(volume).value();
  return limits ? give_cgroup(spec, *page, deadline) : Status{kDone};
}

Status DockerHolds::give_cgroup(HolderSpec& spec, std::string_view inspected, Deadline deadline) {
  const auto answer = engine_.call("GET", "/info", deadline);
  if (!answer) return answer.error();
  if (answer->status != 200) return upstream(*answer);
  const auto info = read_info(answer->body);
  if (!info) return unreadable(info.error());
  auto cgroup = target_cgroup(inspected, *info);
  if (!cgroup) return cgroup.error();
  spec.network = "none";
  spec.cgroup = std::move(cgroup).value();
  return kDone;
}

Result<DiskShare> DockerHolds::look_at_disk(const FaultId& fault, const std::string& target_id,
                                            Deadline deadline) {
  const auto name = holder_name(fault);
  if (!name) return name.error();
  if (!is_container_id(target_id)) return no_container(target_id);
  HolderSpec spec{image_, {"look"}, labels(), "none", ""};
  spec.looks_only = true;
  // Found by its marks like a hold, should chaosd die meanwhile.
  spec.labels[std::string{kFaultLabel}] = fault.value;
  spec.labels[std::string{kHeldTargetLabel}] = target_id;
  spec.labels[std::string{kPlaceLabel}] = kLimitsPlace;
  if (auto given = give_disk(spec, target_id, true, deadline); !given) return given.error();
  const auto said = run(*name + "-look", spec, deadline);
  if (!said) return said.error();
  constexpr std::string_view kFound = "found ";
  constexpr std::string_view kCannot = "cannot ";
  const std::string last = said->empty() ? "" : said->back();
  if (last.starts_with(kFound)) return read_share(std::string_view{last}.substr(kFound.size()));
  if (last.starts_with(kCannot)) return Error{ErrorCode::unsupported, last.substr(kCannot.size())};
  return Error{ErrorCode::upstream, "the helper said: " + last.substr(0, 200)};
}

Result<HolderSpec> DockerHolds::cleaner_for(const Hold& hold, std::string_view inspected,
                                            Deadline deadline) {
  HolderSpec spec{
      image_, {"clean", "--fault=" + hold.fault.value}, labels(), "container:" + hold.target_id};
  if (hold.place != HoldPlace::limits) return spec;
  const auto throttle = read_throttle(hold.saved);
  if (!throttle) return throttle.error();
  for (auto& argument : to_arguments(*throttle)) spec.arguments.push_back(std::move(argument));
  spec.capability.clear();
  if (auto given = give_cgroup(spec, inspected, deadline); !given) return given.error();
  return spec;
}

}  // namespace faultline::chaos
