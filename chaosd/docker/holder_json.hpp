#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaosd/docker/store_volume.hpp"
#include "chaosd/runtime/holds.hpp"
#include "chaosd/runtime/limits.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

// What the Engine is asked and answers about our own helper containers and about
// limits; read and written here and nowhere else. Pure.

/// The marks on a helper container.
inline constexpr std::string_view kFaultLabel = "io.faultline.fault";
inline constexpr std::string_view kHeldTargetLabel = "io.faultline.held-target";
inline constexpr std::string_view kOwnerLabel = "io.faultline.owner";
inline constexpr std::string_view kPlaceLabel = "io.faultline.held-place";
inline constexpr std::string_view kDiskPlace = "disk";
inline constexpr std::string_view kLimitsPlace = "limits";
/// What stood there before limits of ours: the helper may be killed and cannot tell.
inline constexpr std::string_view kSavedLabel = "io.faultline.held-saved";
inline constexpr std::string_view kHolderRole = "nethold";
/// Where a helper finds the volume it is to fill, or to try; and the target's cgroup.
inline constexpr std::string_view kHeldFolder = "/held";
inline constexpr std::string_view kCgroupFolder = "/cgroup";
/// Where one that holds rules is given others.
inline constexpr std::string_view kInboxFolder = "/inbox";

struct HolderSpec {
  std::string image;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> labels;
  std::string network;  ///< "container:<id>" or "none".
  std::string capability = "NET_ADMIN";
  std::optional<StoreVolume> volume = {};  ///< Mounted at kHeldFolder.
  std::string cgroup = {};                 ///< Of the target; mounted at kCgroupFolder.
  bool looks_only = false;                 ///< Both are mounted read-only.
  bool has_inbox = false;                  ///< In memory, at kInboxFolder.
};

/// The body of POST /containers/create: one capability at most and nothing else, no shell,
/// nothing writable but the volume, the cgroup and the inbox that are given, never restarted by the
/// Engine.
[[nodiscard]] std::string create_body(const HolderSpec& spec);
/// `filters=` for the list of our helpers, percent-encoded.
[[nodiscard]] std::string holder_filter(std::string_view owner);
/// The same for all containers of Faultline itself.
[[nodiscard]] std::string role_filter();

/// The body of POST /containers/{id}/exec: a second process there, which says what it does.
[[nodiscard]] std::string exec_body(const std::vector<std::string>& command);
/// Of POST /exec/{id}/start: the answer lasts as long as that process, and is what it says.
[[nodiscard]] std::string exec_start_body();

struct Holder {
  std::string id;
  std::string program;  ///< What its container runs, as a path in its image.
  bool running = false;
  std::int64_t exit_code = 0;
  std::map<std::string, std::string> labels;
};
[[nodiscard]] Result<Holder> read_holder(std::string_view body);
[[nodiscard]] Result<std::vector<Hold>> read_holds(std::string_view body);
/// "Id" of a created container, or of a process that is to be run in one.
[[nodiscard]] Result<std::string> read_created(std::string_view body);

/// The lines of a container's log without a terminal, which come in frames.
[[nodiscard]] std::vector<std::string> read_log(std::string_view body);
/// "held n=1 rules=4 met=2 owned=yes laid=…".
struct HeldLine {
  std::int64_t number = 0;
  HoldReport report;
};
[[nodiscard]] Result<HeldLine> read_held_line(const std::string& line);

/// Addresses of all containers in a list, by the networks they are in.
[[nodiscard]] Result<std::vector<std::string>> read_list_addresses(std::string_view body);
/// Of a list: the names of those that are in the network of the container `id`, beside our helpers.
[[nodiscard]] Result<std::vector<std::string>> read_sharers(std::string_view body,
                                                            const std::string& id);
/// Gateways of the networks that an inspected container is in.
[[nodiscard]] Result<std::vector<std::string>> read_gateways(std::string_view body);

[[nodiscard]] Result<Limits> read_host_limits(std::string_view inspected);
[[nodiscard]] Result<std::int64_t> read_memory_used(std::string_view stats);
[[nodiscard]] std::string cpu_body(const Limits& limits);
[[nodiscard]] std::string memory_body(std::int64_t memory, std::int64_t memory_swap);
[[nodiscard]] std::string swap_body(std::int64_t memory_swap);
/// Whether GET /info says that the machine has the controllers.
struct EngineInfo {
  bool cpu_quota = false;
  bool memory_limit = false;
  bool swap_limit = false;
  std::string cgroup_version;
  std::string cgroup_driver;
  Machine machine = {};
};
[[nodiscard]] Result<EngineInfo> read_info(std::string_view body);

}  // namespace faultline::chaos
