#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace faultline {

/// A node as the cluster sees it. DB Console's words, computed from the liveness
/// record: `suspect` is its "unavailable liveness".
enum class Liveness : std::uint8_t {
  live,
  suspect,
  draining,
  dead,
  decommissioning,
  decommissioned,
  unknown,
};

/// A container or local process as its runtime sees it.
enum class ContainerState : std::uint8_t {
  created,
  running,
  paused,
  restarting,
  exited,
  removed,
  unknown,
};

/// A node's process as the exporter itself reaches it. `unresponsive`: the kernel
/// accepts the connection and the process says nothing (paused or stalled).
enum class ProcessState : std::uint8_t { reachable, unresponsive, unreachable, unknown };

/// The headline. See schema/stream.schema.json for what each one promises.
enum class VerdictState : std::uint8_t {
  available,
  degraded,
  settling,
  unavailable,
  unreachable,
  unknown,
};

/// Those with an underscore are spelled with a dot there: "net.partition".
enum class FaultKind : std::uint8_t {
  stop,
  kill,
  pause,
  restart,
  net_partition,
  net_isolate,
  net_loss,
  net_latency,
  net_bandwidth,
  cpu_throttle,
  memory_pressure,
  disk_fill,
  disk_slow,
  disk_stall,
};
/// Every one of them, for sentences.
inline constexpr std::string_view kFaultKindNames =
    "stop, kill, pause, restart, net.partition, net.isolate, net.loss, net.latency, "
    "net.bandwidth, cpu.throttle, memory.pressure, disk.fill, disk.slow or disk.stall";

/// queued -> injecting -> active -> reverting -> reverted; `failed` had no effect
/// or was undone at once; `revert_failed` is retried for ever and alarms.
enum class FaultState : std::uint8_t {
  queued,
  injecting,
  active,
  reverting,
  reverted,
  failed,
  revert_failed,
};

enum class RuntimeKind : std::uint8_t { docker, process };

enum class EventKind : std::uint8_t {
  container_state,
  process_state,
  liveness_state,
  leases_moved,
  verdict,
  fault,
  source,
  node_joined,
  node_removed,
  replica_change,
  range_change,
  node_log,
  disagreement,
  connectivity,
};
inline constexpr std::size_t kEventKinds = static_cast<std::size_t>(EventKind::connectivity) + 1;

/// Whether a node's connections to a peer work. `down`: the peer answers nobody, us neither.
enum class LinkState : std::uint8_t { connected, cut, down, unknown };

enum class Severity : std::uint8_t { info, warning, critical };

// Each is spelled as on the wire, in metrics and in CSS.
[[nodiscard]] std::string_view to_string(Liveness value);
[[nodiscard]] std::string_view to_string(ContainerState value);
[[nodiscard]] std::string_view to_string(ProcessState value);
[[nodiscard]] std::string_view to_string(VerdictState value);
[[nodiscard]] std::string_view to_string(FaultKind value);
[[nodiscard]] std::string_view to_string(FaultState value);
[[nodiscard]] std::string_view to_string(RuntimeKind value);
[[nodiscard]] std::string_view to_string(EventKind value);
[[nodiscard]] std::string_view to_string(Severity value);
[[nodiscard]] std::string_view to_string(LinkState value);

/// The enumerator spelled `text`, if there is one. Instantiated for the enums above.
template <class Enum>
[[nodiscard]] std::optional<Enum> parse_enum(std::string_view text);

/// A fault that may still need undoing.
[[nodiscard]] constexpr bool is_open(FaultState state) {
  return state != FaultState::reverted && state != FaultState::failed;
}

}  // namespace faultline
