#include "chaosd/docker/target_cgroup.hpp"

#include <nlohmann/json.hpp>

#include "chaosd/docker/docker_engine.hpp"
#include "chaosd/docker/json_parts.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

constexpr std::string_view kSlice = ".slice";

/// systemd has "a-b.slice" in "a.slice/a-b.slice".
std::string slice_path(const std::string& slice) {
  std::string path;
  for (auto at = slice.find('-'); at != std::string::npos; at = slice.find('-', at + 1)) {
    path += slice.substr(0, at) + std::string{kSlice} + "/";
  }
  return path + slice;
}

bool is_plain(const std::string& path) {
  return path.find("..") == std::string::npos && path.find(':') == std::string::npos;
}

}  // namespace

Result<std::string> target_cgroup(std::string_view inspected, const EngineInfo& info) {
  const auto document = wire::parse_json(inspected);
  if (!document) return document.error();
  const std::string id = text_of(member(*document, "Id"));
  std::string parent = text_of(member(member(*document, "HostConfig"), "CgroupParent"));
  if (!is_container_id(id) || !is_plain(parent)) {
    return Error{ErrorCode::unsupported, "the Engine does not tell where its cgroup is"};
  }
  // An Engine before 20.10 does not tell, and knows version 1 only.
  const std::string root = info.cgroup_version == "2" ? "/sys/fs/cgroup/" : "/sys/fs/cgroup/blkio/";
  if (info.cgroup_driver == "systemd") {
    if (parent.empty()) parent = "system.slice";
    return root + slice_path(parent) + "/docker-" + id + ".scope";
  }
  if (info.cgroup_driver == "cgroupfs") {
    if (parent.empty()) parent = "docker";
    parent.erase(0, parent.find_first_not_of('/'));
    while (parent.ends_with('/')) parent.pop_back();
    return root + parent + "/" + id;
  }
  return Error{ErrorCode::unsupported,
               "limits of I/O need an Engine with cgroups; this one has the driver \"" +
                   info.cgroup_driver + "\""};
}

}  // namespace faultline::chaos
