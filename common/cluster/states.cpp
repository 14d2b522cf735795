#include "common/cluster/states.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "common/base/ensure.hpp"

namespace faultline {

namespace {

template <class Enum>
struct Spelling;  // kNames: one entry per enumerator, in order of declaration.

template <>
struct Spelling<Liveness> {
  static constexpr std::array<std::string_view, 7> kNames{
      "live", "suspect", "draining", "dead", "decommissioning", "decommissioned", "unknown"};
  static_assert(static_cast<std::size_t>(Liveness::unknown) + 1 == kNames.size());
};

template <>
struct Spelling<ContainerState> {
  static constexpr std::array<std::string_view, 7> kNames{
      "created", "running", "paused", "restarting", "exited", "removed", "unknown"};
  static_assert(static_cast<std::size_t>(ContainerState::unknown) + 1 == kNames.size());
};

template <>
struct Spelling<ProcessState> {
  static constexpr std::array<std::string_view, 4> kNames{"reachable", "unresponsive",
                                                          "unreachable", "unknown"};
  static_assert(static_cast<std::size_t>(ProcessState::unknown) + 1 == kNames.size());
};

template <>
struct Spelling<VerdictState> {
  static constexpr std::array<std::string_view, 6> kNames{"available",   "degraded",    "settling",
                                                          "unavailable", "unreachable", "unknown"};
  static_assert(static_cast<std::size_t>(VerdictState::unknown) + 1 == kNames.size());
};

template <>
struct Spelling<FaultKind> {
  static constexpr std::array<std::string_view, 14> kNames{
      "stop",      "kill",        "pause",         "restart",      "net.partition",   "net.isolate",
      "net.loss",  "net.latency", "net.bandwidth", "cpu.throttle", "memory.pressure", "disk.fill",
      "disk.slow", "disk.stall"};
  static_assert(static_cast<std::size_t>(FaultKind::disk_stall) + 1 == kNames.size());
};

template <>
struct Spelling<FaultState> {
  static constexpr std::array<std::string_view, 7> kNames{
      "queued", "injecting", "active", "reverting", "reverted", "failed", "revert_failed"};
  static_assert(static_cast<std::size_t>(FaultState::revert_failed) + 1 == kNames.size());
};

template <>
struct Spelling<RuntimeKind> {
  static constexpr std::array<std::string_view, 2> kNames{"docker", "process"};
  static_assert(static_cast<std::size_t>(RuntimeKind::process) + 1 == kNames.size());
};

template <>
struct Spelling<EventKind> {
  static constexpr std::array<std::string_view, kEventKinds> kNames{
      "container_state", "process_state", "liveness_state", "leases_moved", "verdict",
      "fault",           "source",        "node_joined",    "node_removed", "replica_change",
      "range_change",    "node_log",      "disagreement",   "connectivity"};
};

template <>
struct Spelling<Severity> {
  static constexpr std::array<std::string_view, 3> kNames{"info", "warning", "critical"};
  static_assert(static_cast<std::size_t>(Severity::critical) + 1 == kNames.size());
};

template <>
struct Spelling<LinkState> {
  static constexpr std::array<std::string_view, 4> kNames{"connected", "cut", "down", "unknown"};
  static_assert(static_cast<std::size_t>(LinkState::unknown) + 1 == kNames.size());
};

template <class Enum>
std::string_view name_of(Enum value) {
  const auto index = static_cast<std::size_t>(value);
  FAULTLINE_ENSURE(index < Spelling<Enum>::kNames.size(), "an enumerator of the type");
  return Spelling<Enum>::kNames[index];
}

}  // namespace

std::string_view to_string(Liveness value) { return name_of(value); }
std::string_view to_string(ContainerState value) { return name_of(value); }
std::string_view to_string(ProcessState value) { return name_of(value); }
std::string_view to_string(VerdictState value) { return name_of(value); }
std::string_view to_string(FaultKind value) { return name_of(value); }
std::string_view to_string(FaultState value) { return name_of(value); }
std::string_view to_string(RuntimeKind value) { return name_of(value); }
std::string_view to_string(EventKind value) { return name_of(value); }
std::string_view to_string(Severity value) { return name_of(value); }
std::string_view to_string(LinkState value) { return name_of(value); }

template <class Enum>
std::optional<Enum> parse_enum(std::string_view text) {
  const auto& names = Spelling<Enum>::kNames;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

template std::optional<Liveness> parse_enum<Liveness>(std::string_view);
template std::optional<ContainerState> parse_enum<ContainerState>(std::string_view);
template std::optional<ProcessState> parse_enum<ProcessState>(std::string_view);
template std::optional<VerdictState> parse_enum<VerdictState>(std::string_view);
template std::optional<FaultKind> parse_enum<FaultKind>(std::string_view);
template std::optional<FaultState> parse_enum<FaultState>(std::string_view);
template std::optional<RuntimeKind> parse_enum<RuntimeKind>(std::string_view);
template std::optional<EventKind> parse_enum<EventKind>(std::string_view);
template std::optional<Severity> parse_enum<Severity>(std::string_view);

}  // namespace faultline
