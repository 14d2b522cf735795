#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "chaosd/runtime/capability.hpp"
#include "chaosd/runtime/holds.hpp"
#include "chaosd/runtime/limits.hpp"
#include "chaosd/runtime/ownership_marks.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/cluster/states.hpp"

namespace faultline::chaos {

/// A target as its runtime sees it now. Only what opted in is ever listed.
struct TargetInfo {
  std::string name;      ///< Unique within one runtime: container name, or process name.
  std::string id;        ///< Full container id; "process:<name>" for a local process.
  std::string instance;  ///< One run of it: StartedAt + pid. Another run is another instance.
  ContainerState state = ContainerState::unknown;
  std::optional<WallTime> state_since;
  std::vector<std::string> addresses;  ///< "host" or "host:port" it may advertise itself as.
  std::map<std::string, std::string> labels = {};  ///< As its runtime has them; to select by.
  std::optional<std::int64_t> exit_code = {};  ///< Of a run that is over; from 128 on: a signal.
  bool out_of_memory = false;  ///< Its run is over, and the kernel killed in it for lack of memory.
  bool removed_when_down = false;  ///< Its runtime removes it, and its data, when its run is over.
  /// Whose network it is in, "host" or "container:<id>", where that is not one of its own.
  std::string network_of = {};
  std::string host = {};  ///< Of several Docker hosts: its name, after an @ in name and id too.
};

/// Whether a run of it is there, if frozen: it has its addresses.
[[nodiscard]] inline bool is_up(const TargetInfo& target) {
  return target.state == ContainerState::running || target.state == ContainerState::paused;
}

/// The verbs a fault needs, over whatever runs the nodes. Each call blocks until
/// it is done or its deadline passes, and acts on the id, never on a name. Each
/// is idempotent: to stop what is stopped is success. One caller at a time per
/// object: the fault worker has one, the watch has another.
/// Errors: not_found (gone, or not opted in), conflict (the runtime forbids it in
/// this state), unavailable or timeout (the runtime itself), upstream (its error).
class Runtime {
 public:
  virtual ~Runtime() = default;
  [[nodiscard]] virtual RuntimeKind kind() const = 0;
  /// Whether the runtime answers, and what it is: "Docker Engine 20.10.24, API 1.41".
  [[nodiscard]] virtual Result<std::string> describe(Deadline deadline) = 0;
  [[nodiscard]] virtual Result<std::vector<TargetInfo>> list(Deadline deadline) = 0;
  [[nodiscard]] virtual Result<TargetInfo> inspect(const std::string& id, Deadline deadline) = 0;
  /// Whether two instances of one target, the later one second, are the same run: it may be
  /// spelled otherwise once it is over.
  [[nodiscard]] virtual bool is_same_run(const std::string& earlier,
                                         const std::string& later) const {
    return earlier == later;
  }

  /// SIGTERM, then SIGKILL after `grace` (CockroachDB drains on SIGTERM).
  virtual Status stop(const std::string& id, std::chrono::seconds grace, Deadline deadline) = 0;
  virtual Status kill(const std::string& id, Deadline deadline) = 0;
  virtual Status pause(const std::string& id, Deadline deadline) = 0;
  virtual Status unpause(const std::string& id, Deadline deadline) = 0;
  virtual Status start(const std::string& id, Deadline deadline) = 0;

  // What only some runtimes can do; null where this one cannot. Owned by the runtime.
  [[nodiscard]] virtual Holds* holds() { return nullptr; }
  [[nodiscard]] virtual LimitsControl* limits() { return nullptr; }
  [[nodiscard]] virtual OwnershipMarks* marks() { return nullptr; }
  /// What can be done here, tried once in a place where nothing is at stake, and then
  /// remembered. A kind that is not in the answer can be done.
  [[nodiscard]] virtual std::vector<FaultSupport> probe(Deadline deadline) = 0;

  /// Returns when something may have changed (a hint: list again), at the deadline,
  /// or soon after `stop` is requested. Never busy-waits.
  virtual Status wait_for_change(Deadline deadline, const std::stop_token& stop) = 0;
};

}  // namespace faultline::chaos
