#include "chaosd/docker/holder_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <nlohmann/json.hpp>

#include "chaosd/docker/docker_json.hpp"
#include "chaosd/docker/json_parts.hpp"
#include "common/wire/json_read.hpp"

namespace faultline::chaos {

namespace {

using nlohmann::json;
using wire::ObjectReader;

// With room for the Engine's own runtime, which for a moment is within them at an exec.
constexpr std::int64_t kHolderMemory = 96 * 1024 * 1024;
constexpr std::int64_t kHolderPids = 32;

std::int64_t number_of(const json& value) {
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

void add_text(std::vector<std::string>& list, const std::string& text) {
  if (!text.empty()) list.push_back(text);
}

HoldPlace place_of(std::string_view label) {
  if (label == kDiskPlace) return HoldPlace::disk;
  return label == kLimitsPlace ? HoldPlace::limits : HoldPlace::network;
}

std::int64_t value_of(const std::string& line, const std::string& name) {
  const std::string key = " " + name + "=";
  const auto at = line.find(key);
  std::int64_t value = 0;
  if (at == std::string::npos) return value;
  const char* const begin = line.data() + at + key.size();
  std::from_chars(begin, line.data() + line.size(), value);
  return value;
}

}  // namespace

std::string create_body(const HolderSpec& spec) {
  json mounts = json::array();
  if (spec.volume) {
    mounts.push_back({{"Type", spec.volume->type},
                      {"Source", spec.volume->source},
                      {"Target", kHeldFolder},
                      {"ReadOnly", spec.looks_only}});
  }
  if (!spec.cgroup.empty()) {
    mounts.push_back({{"Type", "bind"},
                      {"Source", spec.cgroup},
                      {"Target", kCgroupFolder},
                      {"ReadOnly", spec.looks_only}});
  }
  json capabilities = json::array();
  if (!spec.capability.empty()) capabilities.push_back(spec.capability);
  json body{{"Image", spec.image},
            {"Cmd", spec.arguments},
            {"User", "0:0"},
            {"Labels", spec.labels},
            {"StopSignal", "SIGTERM"},
            {"HostConfig",
             {{"NetworkMode", spec.network},
              {"CapDrop", {"ALL"}},
              {"CapAdd", capabilities},
              {"Mounts", mounts},
              {"SecurityOpt", {"no-new-privileges:true"}},
              {"ReadonlyRootfs", true},
              {"Memory", kHolderMemory},
              {"PidsLimit", kHolderPids},
              {"RestartPolicy", {{"Name", "no"}}},
              // What it says is read from there, whatever the Engine's default is.
              {"LogConfig", {{"Type", "json-file"}, {"Config", {{"max-size", "1m"}}}}}}}};
  if (spec.has_inbox) {
    body["HostConfig"]["Tmpfs"] = {{kInboxFolder, "rw,noexec,nosuid,nodev,size=1m,mode=0700"}};
  }
  // A process may enter a cgroup of version 2 only from where it can see both.
  if (!spec.cgroup.empty()) body["HostConfig"]["CgroupnsMode"] = "host";
  return body.dump();
}

std::string exec_body(const std::vector<std::string>& command) {
  return json{{"Cmd", command}, {"AttachStdout", true}, {"AttachStderr", true}}.dump();
}

std::string exec_start_body() { return json{{"Detach", false}, {"Tty", false}}.dump(); }

std::string holder_filter(std::string_view owner) {
  return label_filter({std::string{kRoleLabel} + "=" + std::string{kHolderRole},
                       std::string{kOwnerLabel} + "=" + std::string{owner}});
}

std::string role_filter() { return label_filter({std::string{kRoleLabel}}); }

Result<Holder> read_holder(std::string_view body) {
  const auto document = parse_answer(body);
  if (!document) return document.error();
  Holder holder;
  holder.id = text_of(member(*document, "Id"));
  holder.program = text_of(member(*document, "Path"));
  const json& state = member(*document, "State");
  const std::string status = text_of(member(state, "Status"));
  if (holder.id.empty() || status.empty()) {
    return Error{ErrorCode::invalid, "Id or State is missing", "/State"};
  }
  holder.running = status == "running" || status == "restarting" || status == "paused";
  holder.exit_code = number_of(member(state, "ExitCode"));
  holder.labels = labels_in(member(member(*document, "Config"), "Labels"));
  return holder;
}

Result<std::vector<Hold>> read_holds(std::string_view body) {
  const auto document = parse_list(body);
  if (!document) return document.error();
  std::vector<Hold> holds;
  for (const auto& item : *document) {
    const auto labels = labels_in(member(item, "Labels"));
    const auto fault = labels.find(std::string{kFaultLabel});
    const auto target = labels.find(std::string{kHeldTargetLabel});
    if (fault == labels.end() || target == labels.end()) continue;
    const auto place = labels.find(std::string{kPlaceLabel});
    const auto saved = labels.find(std::string{kSavedLabel});
    holds.push_back({{fault->second},
                     target->second,
                     place_of(place == labels.end() ? "" : place->second),
                     saved == labels.end() ? "" : saved->second});
  }
  return holds;
}

Result<std::string> read_created(std::string_view body) {
  const auto document = parse_answer(body);
  if (!document) return document.error();
  std::string id = text_of(member(*document, "Id"));
  if (id.empty()) return Error{ErrorCode::invalid, "Id is missing", "/Id"};
  return id;
}

std::vector<std::string> read_log(std::string_view body) {
  // Each frame: one byte for the stream, three of nothing, four of length, the bytes.
  constexpr std::size_t kHead = 8;
  std::string text;
  while (body.size() >= kHead) {
    std::size_t length = 0;
    for (std::size_t i = 4; i < kHead; ++i) {
      length = (length << 8U) | static_cast<unsigned char>(body[i]);
    }
    body.remove_prefix(kHead);
    text += body.substr(0, length);
    body.remove_prefix(std::min(length, body.size()));
  }
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

Result<HeldLine> read_held_line(const std::string& line) {
  if (!line.starts_with("held ")) {
    return Error{ErrorCode::upstream, "the helper said: " + line.substr(0, 200)};
  }
  constexpr std::string_view kNote = " note=";
  constexpr std::string_view kLaid = " laid=";
  const auto note = line.find(kNote);
  HeldLine held{
      value_of(line, "n"),
      {value_of(line, "rules"), value_of(line, "met"), line.find(" owned=yes") != std::string::npos,
       note == std::string::npos ? "" : line.substr(note + kNote.size(), 200)}};
  if (const auto laid = line.substr(0, note).find(kLaid); laid != std::string::npos) {
    const auto word = laid + kLaid.size();
    const auto end = std::min(line.find(' ', word), line.size());
    auto rules = read_word(std::string_view{line}.substr(word, end - word));
    if (!rules) return Error{ErrorCode::upstream, "the helper holds " + rules.error().message};
    held.report.laid = std::move(rules).value();
  }
  return held;
}

Result<std::vector<std::string>> read_list_addresses(std::string_view body) {
  const auto document = parse_list(body);
  if (!document) return document.error();
  std::vector<std::string> addresses;
  for (const auto& item : *document) {
    for (const auto& network : member(member(item, "NetworkSettings"), "Networks")) {
      add_text(addresses, text_of(member(network, "IPAddress")));
      add_text(addresses, text_of(member(network, "GlobalIPv6Address")));
    }
  }
  return addresses;
}

Result<std::vector<std::string>> read_sharers(std::string_view body, const std::string& id) {
  const auto document = parse_list(body);
  if (!document) return document.error();
  std::vector<std::string> names;
  for (const auto& item : *document) {
    if (text_of(member(member(item, "HostConfig"), "NetworkMode")) != "container:" + id) continue;
    const auto labels = labels_in(member(item, "Labels"));
    const auto role = labels.find(std::string{kRoleLabel});
    if (role != labels.end() && role->second == kHolderRole) continue;
    const json& called = member(item, "Names");
    std::string name = called.is_array() && !called.empty() ? text_of(called.front()) : "";
    if (name.starts_with('/')) name.erase(0, 1);
    names.push_back(name.empty() ? text_of(member(item, "Id")) : name);
  }
  return names;
}

Result<std::vector<std::string>> read_gateways(std::string_view body) {
  const auto document = parse_answer(body);
  if (!document) return document.error();
  std::vector<std::string> gateways;
  for (const auto& network : member(member(*document, "NetworkSettings"), "Networks")) {
    add_text(gateways, text_of(member(network, "Gateway")));
    add_text(gateways, text_of(member(network, "IPv6Gateway")));
  }
  return gateways;
}

Result<Limits> read_host_limits(std::string_view inspected) {
  const auto document = parse_answer(inspected);
  if (!document) return document.error();
  const json& host = member(*document, "HostConfig");
  if (!host.is_object()) return Error{ErrorCode::invalid, "HostConfig is missing", "/HostConfig"};
  return Limits{number_of(member(host, "CpuPeriod")), number_of(member(host, "CpuQuota")),
                number_of(member(host, "NanoCpus")), number_of(member(host, "Memory")),
                number_of(member(host, "MemorySwap"))};
}

Result<std::int64_t> read_memory_used(std::string_view stats) {
  const auto document = parse_answer(stats);
  if (!document) return document.error();
  const auto used = number_of(member(member(*document, "memory_stats"), "usage"));
  if (used > 0) return used;
  return Error{ErrorCode::conflict, "the Engine does not say how much memory the target uses"};
}

std::string cpu_body(const Limits& limits) {
  if (limits.nano_cpus > 0) return json{{"NanoCpus", limits.nano_cpus}}.dump();
  // 0 would change nothing; -1 is the kernel's own word for "no quota".
  json body{{"CpuQuota", limits.cpu_quota_us > 0 ? limits.cpu_quota_us : -1}};
  if (limits.cpu_period_us > 0) body["CpuPeriod"] = limits.cpu_period_us;
  return body.dump();
}

std::string memory_body(std::int64_t memory, std::int64_t memory_swap) {
  return json{{"Memory", memory}, {"MemorySwap", memory_swap}}.dump();
}

std::string swap_body(std::int64_t memory_swap) { return json{{"MemorySwap", memory_swap}}.dump(); }

Result<EngineInfo> read_info(std::string_view body) {
  const auto document = parse_answer(body);
  if (!document) return document.error();
  const auto yes = [&](const char* name) {
    const json& value = member(*document, name);
    return value.is_boolean() && value.get<bool>();
  };
  return EngineInfo{
      yes("CpuCfsQuota"),
      yes("MemoryLimit"),
      yes("SwapLimit"),
      text_of(member(*document, "CgroupVersion")),
      text_of(member(*document, "CgroupDriver")),
      {number_of(member(*document, "NCPU")), number_of(member(*document, "MemTotal"))}};
}

}  // namespace faultline::chaos
