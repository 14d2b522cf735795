#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "chaosd/service/chaos_clock.hpp"
#include "chaosd/service/durable_file.hpp"
#include "chaosd/service/event_feed.hpp"
#include "chaosd/service/experiment_lines.hpp"
#include "common/base/log.hpp"

namespace faultline::chaos {

/// For the metrics.
struct ExperimentStats {
  std::map<ExperimentState, std::int64_t> by_state;  ///< Every state, also those with none.
  /// Runs that ended since chaosd began, by what they ended as.
  std::map<ExperimentState, std::int64_t> runs;
  std::int64_t missed = 0;    ///< Due times that passed unused since chaosd began.
  std::int64_t failures = 0;  ///< Lines that could not be written.
  std::optional<WallTime> next_run_at;
};

/// Every experiment that was asked for and what became of it, in memory and on disk: the only
/// writer of experiments.jsonl. One mutex, held while a line is flushed, as nothing may be begun
/// that is not on disk. Any thread.
class ExperimentBook {
 public:
  struct Opened;
  /// Reads what an earlier run left, and judges it (recover()). `directory` exists and is
  /// locked by the journal. A file with unreadable lines is kept as experiments.jsonl.corrupt,
  /// one that cannot be read at all as experiments.jsonl.unreadable. One that cannot be rewritten
  /// now, on a full or read-only disk, is gone on with as it is.
  [[nodiscard]] static Result<Opened> open(const std::string& directory, const ReadExperiment& read,
                                           WallTime now);

  /// `clock`, `feed` outlive this.
  ExperimentBook(Opened opened, const ChaosClock& clock, EventFeed& feed, Logger log);

  /// Writes down a new one. `conflict` when too many are open already.
  Status add(const Experiment& experiment);
  /// The runner's news of one. `wanted` stays as it is here. Without the disk nothing new is
  /// begun: then nothing changes. What ends goes on all the same. `conflict`: it is over.
  Status put(const Experiment& experiment);
  /// Somebody does not want it any more; one that is over stays as it ended. `unavailable`:
  /// it cannot be written, and counts until chaosd ends.
  Result<Experiment> want_off(const std::string& id, const std::string& reason);

  [[nodiscard]] std::optional<Experiment> find(const std::string& id) const;
  /// In order of creation.
  [[nodiscard]] std::vector<Experiment> all() const;
  /// Those that are not over, and those with a run that is not.
  [[nodiscard]] std::vector<Experiment> open_ones() const;
  [[nodiscard]] ExperimentStats stats() const;
  /// Returns when somebody has changed something, at the latest after `patience`.
  void wait(const std::stop_token& stop, milliseconds patience);

  static constexpr std::size_t kOpenMax = 32;
  static constexpr std::size_t kEndedKept = 50;

 private:
  [[nodiscard]] Experiment* entry_of(const std::string& id);
  Status append(const std::string& lines, const std::string& point);
  void publish(const Experiment& experiment);
  void count(const Experiment& before, const Experiment& after);
  void forget_oldest();
  void compact();

  const ChaosClock& clock_;
  EventFeed& feed_;
  const Logger log_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable_any changed_;
  DurableFile file_;
  std::deque<Experiment> entries_;  ///< In order of creation.
  ExperimentStats counted_;         ///< What only grows: runs, missed, failures.
  std::uint64_t version_ = 0;       ///< Grows with everything that others than the runner wrote.
  std::uint64_t seen_version_ = 0;  ///< The one that the last wait() returned for.
};

struct ExperimentBook::Opened {
  DurableFile file;
  std::vector<Experiment> experiments;
  std::int64_t corrupt_lines = 0;
  bool unreadable = false;     ///< The whole file was; it is set aside.
  std::string unwritten = {};  ///< Why it cannot be rewritten now; mostly empty.
};

}  // namespace faultline::chaos
