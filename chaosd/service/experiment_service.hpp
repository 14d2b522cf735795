#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chaosd/service/experiment_book.hpp"
#include "chaosd/service/experiment_runner.hpp"
#include "chaosd/service/guard.hpp"

namespace faultline::chaos {

/// What came of asking for an experiment.
struct ExperimentAdmission {
  std::vector<Plan> plans;                    ///< One for each step.
  std::string hash;                           ///< Of all of them.
  std::optional<Experiment> experiment = {};  ///< Empty: plans need acceptance; nothing was done.
};

/// What can be asked of chaosd about experiments. `create` may wait for the exporter and for
/// Prometheus, hence runs on the PlanDesk; the others may be called from any thread.
class ExperimentService {
 public:
  /// All outlive this.
  ExperimentService(ExperimentBook& book, ChaosService& service, Guard& guard, Ledger& ledger,
                    Witnesses witnesses)
      : book_(book), service_(service), guard_(guard), ledger_(ledger), witnesses_(witnesses) {}

  /// Plans every step, and writes the experiment down if all of it could be done now and its
  /// risks are accepted. `body` is what `spec` was read from; `once` is kept with it.
  Result<ExperimentAdmission> create(const ExperimentSpec& spec, const std::string& body,
                                     const std::optional<OnceKey>& once = {});
  /// The one that a call with this key has brought within the last day, maybe to an earlier run
  /// of chaosd; `invalid` when that was another call.
  [[nodiscard]] Result<std::optional<Experiment>> asked_before(const OnceKey& once) const;
  /// Not wanted any more: its faults are undone, and there is no further step and no further
  /// run. One that is over is answered as it ended.
  Result<Experiment> stop(const std::string& id, const std::string& reason);
  /// The same for all but the undoing, which heal() does; the last of what could not be written
  /// down is told.
  Status stop_all(const std::string& reason);

  [[nodiscard]] Result<Experiment> find(const std::string& id) const;
  [[nodiscard]] std::vector<Experiment> list(bool open_only) const;
  /// What readers of the event feed are told: the open ones, and those that ended within the
  /// last minute.
  [[nodiscard]] std::vector<Experiment> recent() const;
  [[nodiscard]] ExperimentStats stats() const { return book_.stats(); }

  static constexpr std::chrono::hours kRunMost{24};
  static constexpr std::chrono::hours kKeyKeptFor{24};
  static constexpr std::size_t kRecordsMost = 256;  ///< Faults of one run.

 private:
  [[nodiscard]] Status check_witnesses(const ExperimentSpec& spec) const;
  [[nodiscard]] Status check_times(const ExperimentSpec& spec) const;
  [[nodiscard]] Result<std::vector<Plan>> plan(const ExperimentSpec& spec) const;
  void add_records(Experiment& experiment) const;

  ExperimentBook& book_;
  ChaosService& service_;
  Guard& guard_;
  Ledger& ledger_;
  const Witnesses witnesses_;
  std::atomic<std::int64_t> next_ = 1;
};

}  // namespace faultline::chaos
