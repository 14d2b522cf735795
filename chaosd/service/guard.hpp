#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chaosd/service/chaos_service.hpp"
#include "chaosd/service/leaseholders.hpp"
#include "chaosd/service/plan.hpp"

namespace faultline::chaos {

/// What came of an order that was planned first.
struct Injection {
  Plan plan;
  std::vector<FaultView> faults;  ///< Empty: the plan needs acceptance and nothing was done.
};

/// Plans every fault before it is done and lets in what may be done. Asks the exporter,
/// hence may block for ExporterImpact::kLimit, and for ExporterLeaseholders::kLimit where a
/// selection needs it: called from the PlanDesk, the fault workers and the ExperimentRunner,
/// never from a thread of the HTTP server. Any of these threads.
class Guard {
 public:
  /// All outlive this. Without an oracle nothing is known of what a fault would do.
  Guard(GuardMode mode, ChaosService& service, const TargetBoard& board, const Ledger& ledger,
        ImpactOracle* oracle, const ChaosClock& clock, LeaseholderOracle* leases = nullptr)
      : mode_(mode),
        service_(service),
        board_(board),
        ledger_(ledger),
        oracle_(oracle),
        clock_(clock),
        leases_(leases) {}

  [[nodiscard]] GuardMode mode() const { return mode_; }
  /// How many injections were answered with a plan to accept.
  [[nodiscard]] std::int64_t asked_to_accept() const { return asked_to_accept_; }
  /// Whether a call may wait for the exporter; else all of it can be done at once.
  [[nodiscard]] bool may_block() const { return oracle_ != nullptr; }

  /// What the order would do. Changes nothing.
  [[nodiscard]] Result<Plan> plan(const InjectOrder& order) const;
  /// Writes the faults down, unless the plan needs acceptance and `accept_plan` is not its
  /// hash. With the guard off, nothing is asked and the plan is empty.
  Result<Injection> inject(const InjectOrder& order);
  /// Looks again at the instant of injection, when the plan is older than `kFresh`: the
  /// error says in which way the situation is worse than the one that was let in.
  [[nodiscard]] Status recheck(const FaultRecord& record, const GuardTicket& ticket) const;

  static constexpr milliseconds kFresh{500};

 private:
  /// The order with what a selection by a table's leaseholders must know.
  [[nodiscard]] Result<InjectOrder> with_leases(InjectOrder order) const;
  [[nodiscard]] Plan plan_of(const std::vector<Draft>& drafts,
                             const std::optional<FaultId>& itself) const;
  [[nodiscard]] std::vector<NodeId> broken(const std::optional<FaultId>& itself) const;
  [[nodiscard]] std::vector<NodeId> cut_from(const FaultRecord& record) const;

  std::atomic<std::int64_t> asked_to_accept_ = 0;
  /// Orders are let in one after another, each with those before it among what is broken. Held
  /// while the exporter is asked, which has its deadline; nobody who calls inject() holds a mutex.
  std::mutex one_order_;
  const GuardMode mode_;
  ChaosService& service_;
  const TargetBoard& board_;
  const Ledger& ledger_;
  ImpactOracle* const oracle_;
  const ChaosClock& clock_;
  LeaseholderOracle* const leases_;  ///< Null: nobody can say.
};

}  // namespace faultline::chaos
