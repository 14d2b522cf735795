#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chaosd/service/fault_check.hpp"
#include "chaosd/service/ledger.hpp"
#include "chaosd/service/lever.hpp"
#include "chaosd/service/target_board.hpp"

namespace faultline::chaos {

struct FaultRequest {
  FaultKind kind = FaultKind::stop;
  std::optional<std::string> target;  ///< Exactly one of target, node_id and select.
  std::optional<NodeId> node_id;
  std::int64_t duration_s = 0;
  std::optional<std::int64_t> grace_s;  ///< Stop only.
  std::optional<Selector> select = {};
  ParamRequest params = {};
};

/// What is asked for at once: all of it is begun, or nothing.
struct InjectOrder {
  std::vector<FaultRequest> faults;
  bool as_list = false;  ///< Asked for under "faults": pointers name the place in it.
  std::optional<std::string> accept_plan = {};    ///< Hash of the plan whose risks are accepted.
  std::optional<ExperimentMark> experiment = {};  ///< On whose behalf.
};

/// One fault on one target, not written down yet; without an id.
struct Draft {
  FaultRecord record;
  ContainerState state = ContainerState::unknown;
  std::string field;  ///< Pointer to what selected the target.
};

struct Capabilities {
  RuntimeKind runtime;
  RuntimeHealth health;
  std::chrono::seconds max_duration;
  std::vector<FaultSupport> faults;
  HostsHealth hosts = {};
};

struct StartOutcome {
  TargetView target;
  std::optional<FaultView> fault;  ///< The first of those that are being undone for it.
};

/// What chaosd takes at all (--heal-only, --read-only). Undoing at the deadline goes on in
/// every one of them.
enum class ServiceMode { normal, heal_only, read_only };

[[nodiscard]] std::string_view to_string(ServiceMode mode);

struct ServiceLimits {
  std::chrono::seconds max_duration{1800};
  std::chrono::seconds default_duration{300};  ///< Only for the original calls.
  ServiceMode mode = ServiceMode::normal;
};

/// What can be asked of chaosd. Decides and writes down; never waits for a runtime,
/// so that it may be called from the HTTP server's threads. Any thread.
class ChaosService {
 public:
  /// All outlive this. `run` makes the ids of this run's faults unique. Without a lever
  /// there is none.
  ChaosService(std::string run, ServiceLimits limits, Ledger& ledger, const TargetBoard& board,
               const ChaosClock& clock, Lever* lever = nullptr)
      : run_(std::move(run)),
        limits_(limits),
        ledger_(ledger),
        board_(board),
        clock_(clock),
        lever_(lever) {}

  [[nodiscard]] Capabilities capabilities() const;
  [[nodiscard]] Result<std::vector<TargetView>> targets() const;
  [[nodiscard]] std::vector<FaultView> faults(bool open_only) const;
  [[nodiscard]] Result<FaultView> fault(const FaultId& id) const;
  // What readers of the event feed are told: targets whose state may be unknown, and
  // the faults that are open or ended within the last minute.
  [[nodiscard]] std::vector<TargetView> known_targets() const { return board_.targets(); }
  [[nodiscard]] std::vector<FaultView> recent_faults() const;

  /// One fault on one target, without a plan.
  Result<FaultView> inject(const FaultRequest& request);
  /// Which target each fault of the order would be on. Changes nothing. Fails as the
  /// injection would for what is wrong with the order itself.
  [[nodiscard]] Result<std::vector<Draft>> resolve(const InjectOrder& order) const;
  /// What is in the way of a draft now: the target does not run, or has a fault it does not
  /// go with.
  [[nodiscard]] Status obstacle(const Draft& draft) const;
  /// Writes all of them down, with the plan they were let in under, or none.
  Result<std::vector<FaultView>> open(std::vector<Draft> drafts,
                                      const std::optional<PlanNote>& plan,
                                      const std::optional<GuardTicket>& ticket);
  [[nodiscard]] std::optional<PlanNote> plan_of(const FaultId& id) const {
    return ledger_.plan_of(id);
  }
  /// A fault with its forecast and its outcome.
  [[nodiscard]] Result<FaultRecord> record(const FaultId& id) const;
  [[nodiscard]] WallTime now() const { return clock_.now().wall; }
  /// Why nothing new is begun at all; done: it is.
  [[nodiscard]] Status may_begin() const;
  Result<FaultView> undo(const FaultId& id);
  std::vector<FaultView> heal(const std::string& reason);
  [[nodiscard]] LeverState lever() const;
  /// Engaging it undoes everything, also when it cannot be written down.
  Status set_lever(bool engaged, const std::string& reason);
  [[nodiscard]] ServiceMode mode() const { return limits_.mode; }
  [[nodiscard]] const std::string& run() const { return run_; }
  [[nodiscard]] LedgerStats ledger_stats() const { return ledger_.stats(); }
  /// The original call: undoes the open faults of the target, or just starts it.
  Result<StartOutcome> start(const std::string& target);

  [[nodiscard]] std::chrono::seconds default_duration() const { return limits_.default_duration; }
  /// From now on nothing new is begun: chaosd is leaving.
  void close() { closed_ = true; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  [[nodiscard]] Result<std::vector<TargetInfo>> select(const FaultRequest& request) const;
  [[nodiscard]] Result<Draft> draft(const FaultRequest& request, const TargetInfo& target) const;
  [[nodiscard]] Result<TargetInfo> find_target(const std::string& name) const;
  [[nodiscard]] Status check_support(const FaultRequest& request) const;
  [[nodiscard]] Status check_support(const FaultRequest& request, const TargetInfo& target) const;
  [[nodiscard]] Status check_times(const FaultRequest& request) const;

  const std::string run_;
  const ServiceLimits limits_;
  Ledger& ledger_;
  const TargetBoard& board_;
  const ChaosClock& clock_;
  Lever* const lever_;
  std::atomic<std::int64_t> next_ = 1;
  std::atomic<bool> closed_ = false;
};

}  // namespace faultline::chaos
