#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chaosd/service/fault_check.hpp"
#include "chaosd/service/ledger.hpp"
#include "chaosd/service/target_board.hpp"

namespace faultline::chaos {

struct FaultRequest {
  FaultKind kind = FaultKind::stop;
  std::optional<std::string> target;  ///< Exactly one of target and node_id.
  std::optional<NodeId> node_id;
  std::int64_t duration_s = 0;
  std::optional<std::int64_t> grace_s;  ///< Stop only.
  ParamRequest params = {};
};

struct Capabilities {
  RuntimeKind runtime;
  RuntimeHealth health;
  std::chrono::seconds max_duration;
  std::vector<FaultSupport> faults;
};

struct StartOutcome {
  TargetView target;
  std::optional<FaultView> fault;  ///< The one that is being undone for it.
};

struct ServiceLimits {
  std::chrono::seconds max_duration{1800};
  std::chrono::seconds default_duration{300};  ///< Only for the original calls.
};

/// What can be asked of chaosd. Decides and writes down; never waits for a runtime,
/// so that it may be called from the HTTP server's threads. Any thread.
class ChaosService {
 public:
  /// All outlive this. `run` makes the ids of this run's faults unique.
  ChaosService(std::string run, ServiceLimits limits, Ledger& ledger, const TargetBoard& board,
               const ChaosClock& clock)
      : run_(std::move(run)), limits_(limits), ledger_(ledger), board_(board), clock_(clock) {}

  [[nodiscard]] Capabilities capabilities() const;
  [[nodiscard]] Result<std::vector<TargetView>> targets() const;
  [[nodiscard]] std::vector<FaultView> faults(bool open_only) const;
  [[nodiscard]] Result<FaultView> fault(const FaultId& id) const;
  // What readers of the event feed are told: targets whose state may be unknown, and
  // the faults that are open or ended within the last minute.
  [[nodiscard]] std::vector<TargetView> known_targets() const { return board_.targets(); }
  [[nodiscard]] std::vector<FaultView> recent_faults() const;

  Result<FaultView> inject(const FaultRequest& request);
  Result<FaultView> undo(const FaultId& id);
  std::vector<FaultView> heal(const std::string& reason);
  /// The original call: undoes the open fault of the target, or just starts it.
  Result<StartOutcome> start(const std::string& target);

  [[nodiscard]] std::chrono::seconds default_duration() const { return limits_.default_duration; }
  /// From now on nothing new is begun: chaosd is leaving.
  void close() { closed_ = true; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  [[nodiscard]] Result<TargetInfo> select(const FaultRequest& request) const;
  [[nodiscard]] Result<TargetInfo> find_target(const std::string& name) const;
  [[nodiscard]] Status check_support(FaultKind kind) const;
  [[nodiscard]] Status check_times(const FaultRequest& request) const;

  const std::string run_;
  const ServiceLimits limits_;
  Ledger& ledger_;
  const TargetBoard& board_;
  const ChaosClock& clock_;
  std::atomic<std::int64_t> next_ = 1;
  std::atomic<bool> closed_ = false;
};

}  // namespace faultline::chaos
