#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "chaosd/service/cluster_sight.hpp"
#include "chaosd/service/experiment_book.hpp"
#include "chaosd/service/guard.hpp"
#include "chaosd/service/ledger.hpp"
#include "common/base/log.hpp"

namespace faultline::chaos {

/// Who can say whether a condition is met; null where there is nobody to ask.
struct Witnesses {
  SightSource* sight = nullptr;
  QuerySource* queries = nullptr;
};
/// What one look tells of the conditions, in their order. Asks each witness once at the most;
/// may block for ExporterSight::kLimit and PrometheusQueries::kLimit.
[[nodiscard]] std::vector<Finding> look(const std::vector<AbortCondition>& conditions,
                                        const Witnesses& witnesses);

/// However many runs are under way: each witness is waited for once in a step of the runner.
class OncePerStep final : private SightSource, private QuerySource {
 public:
  explicit OncePerStep(Witnesses from) : from_(from) {}
  [[nodiscard]] Witnesses witnesses() {
    return {from_.sight == nullptr ? nullptr : static_cast<SightSource*>(this),
            from_.queries == nullptr ? nullptr : static_cast<QuerySource*>(this)};
  }
  void forget();

 private:
  [[nodiscard]] Result<ClusterSight> look() override;
  [[nodiscard]] std::vector<Result<QueryAnswer>> ask(
      const std::vector<std::string>& queries) override;

  const Witnesses from_;
  std::optional<Result<ClusterSight>> sight_;
  std::optional<Error> silent_;  ///< Prometheus did not answer in time.
};

/// Brings a run's records up to what the ledger has now; what the ledger has forgotten stays.
void refresh(ExperimentRun& run, const std::vector<FaultRecord>& faults);

/// Carries out what the ExperimentBook has: begins runs that are due, lets the guard judge each
/// step when it is injected, watches the conditions, and undoes what was begun when a run must
/// end. It never acts on a target: it opens faults in the ledger, and asks for their undoing.
/// One thread; may wait for the exporter and for Prometheus.
class ExperimentRunner {
 public:
  /// All outlive this.
  ExperimentRunner(ExperimentBook& book, ChaosService& service, Guard& guard, Ledger& ledger,
                   Witnesses witnesses, const ChaosClock& clock, Logger log)
      : book_(book),
        service_(service),
        guard_(guard),
        ledger_(ledger),
        once_(witnesses),
        clock_(clock),
        log_(std::move(log)) {}

  void step();
  /// Steps once more after it was told to stop, so that what ended meanwhile is written down.
  void run(const std::stop_token& stop);

  static constexpr milliseconds kEvery{250};
  static constexpr milliseconds kLookEvery{500};
  /// A run that could not begin so long after it was due is missed, not late.
  static constexpr milliseconds kLateMost{30'000};
  /// For so long what the ledger does not know may still be found by its mark: the sweep comes
  /// every 10 s.
  static constexpr milliseconds kLostAfter{15'000};

 private:
  /// Of a run that this run of chaosd began.
  struct Progress {
    AbortWatch watch;
    std::optional<SteadyTime> looked_at;
    std::optional<SteadyTime> waiting_since;  ///< The step's faults have ended.
    std::optional<SteadyTime> lost_since;     ///< The ledger does not know one that was open.
  };

  void begin(Experiment experiment);
  void advance(Experiment experiment);
  void inject(Experiment& experiment);
  void stop(Experiment& experiment, ExperimentState ending, const std::string& why);
  void finish(Experiment& experiment);
  void look_for_lost(Experiment& experiment);
  void keep(const Experiment& experiment);
  [[nodiscard]] std::string why_not_begin(const Experiment& experiment);
  [[nodiscard]] std::string why_abort(const Experiment& experiment,
                                      const std::vector<FaultRecord>& faults);
  [[nodiscard]] Progress& progress_of(const Experiment& experiment);

  ExperimentBook& book_;
  ChaosService& service_;
  Guard& guard_;
  Ledger& ledger_;
  OncePerStep once_;
  const ChaosClock& clock_;
  const Logger log_;
  std::map<std::string, Progress> progress_;  ///< By id.
};

}  // namespace faultline::chaos
