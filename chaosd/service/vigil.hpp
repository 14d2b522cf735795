#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "chaosd/service/cluster_sight.hpp"
#include "chaosd/service/impact.hpp"
#include "chaosd/service/ledger.hpp"
#include "chaosd/service/plan.hpp"
#include "chaosd/service/target_board.hpp"
#include "common/base/log.hpp"

namespace faultline::chaos {

/// Watches over the open faults: keeps what the exporter tells of the cluster meanwhile as
/// their outcome, until it has looked once after their end. And one that was let in as safe is
/// undone when another node dies and the two together cost ranges their quorum. What somebody
/// accepted stays, and so does everything while the exporter does not tell: it has its deadline.
/// Judges anew at each step, from what is the case then. One thread; may wait for the exporter.
class Vigil {
 public:
  /// All outlive this. Only a guard that enforces undoes anything.
  Vigil(GuardMode mode, Ledger& ledger, const TargetBoard& board, ImpactOracle& oracle,
        SightSource& sight, EventFeed& feed, const ChaosClock& clock, Logger log)
      : mode_(mode),
        ledger_(ledger),
        board_(board),
        oracle_(oracle),
        sight_(sight),
        feed_(feed),
        clock_(clock),
        log_(std::move(log)) {}

  /// One look at the cluster, if there is a fault to look for.
  void step();
  void run(const std::stop_token& stop);

  static constexpr milliseconds kEvery{500};
  /// How long a node whose fault is over may take to come back before it counts as dead.
  static constexpr milliseconds kComingBack{30'000};

  /// How long after its end an outcome waits for that last look.
  static constexpr milliseconds kLastLook{15'000};

 private:
  void note_outcomes(const std::vector<FaultRecord>& records, const Result<ClusterSight>& sight);
  void protect(const std::vector<FaultRecord>& records, const Result<ClusterSight>& sight);
  [[nodiscard]] std::vector<NodeId> others_down(const std::vector<FaultRecord>& records,
                                                const Result<ClusterSight>& sight) const;
  [[nodiscard]] ImpactQuestion question(const std::vector<FaultRecord>& records,
                                        const std::vector<NodeId>& others) const;
  [[nodiscard]] std::string verdict_on(const std::vector<FaultRecord>& records,
                                       const std::vector<NodeId>& others,
                                       const Result<ClusterSight>& sight);
  void tell_blindness(const std::vector<FaultRecord>& records, const std::string& why);

  const GuardMode mode_;
  Ledger& ledger_;
  const TargetBoard& board_;
  ImpactOracle& oracle_;
  SightSource& sight_;
  EventFeed& feed_;
  const ChaosClock& clock_;
  const Logger log_;
  bool blind_ = false;                   ///< Told already.
  std::optional<SteadyTime> looked_at_;  ///< Empty: nothing was looked for last time.
};

/// Let in as safe, and not accepted: ranges that lost quorum with it would be news. Pure.
[[nodiscard]] bool was_judged_safe(const FaultRecord& record);

}  // namespace faultline::chaos
