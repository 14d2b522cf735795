#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "chaosd/service/chaos_clock.hpp"
#include "chaosd/service/event_feed.hpp"
#include "chaosd/service/fault_record.hpp"
#include "chaosd/service/journal.hpp"
#include "chaosd/service/plan.hpp"
#include "common/base/log.hpp"

namespace faultline::chaos {

/// What the guard let through, so that it can be judged again when it is begun.
struct GuardTicket {
  SteadyTime planned_at;
  std::vector<Risk> accepted;  ///< Risks that somebody accepted.
};

/// How far this run of chaosd has come with one fault. Not journaled: after a crash
/// the record and the world tell the rest.
struct Progress {
  bool applied = false;  ///< The runtime was told; the effect is not proven yet.
  bool marked = false;   ///< By this run; an earlier one may have known no marks.
  bool undo_requested = false;
  bool undone = false;       ///< Once; it may have to be looked at again.
  bool never_begun = false;  ///< By the journal's word alone, which a mark may refute.
  bool suspect = false;      ///< The watch saw something that the fault does not explain.
  std::string undo_reason;
  std::string reason_before;  ///< Before the first undoing that failed: why it was undone at all.
  SteadyTime not_before{};    ///< Next attempt.
  SteadyTime check_at = SteadyTime::max();  ///< What holds it must be renewed then.
  SteadyTime verify_until{};
  SteadyTime settle_until{};  ///< Until then an effect may still come late.
  bool unanswered = false;    ///< The runtime did not answer when it was asked last.
  int attempts = 0;
  std::optional<GuardTicket> ticket = {};  ///< Empty: the guard has no say in it.
};

/// For the metrics.
struct LedgerStats {
  std::map<FaultState, std::int64_t> by_state;  ///< Every state, also those with none.
  std::int64_t overdue = 0;
  std::int64_t targets_worked_on = 0;
  std::int64_t journal_lines = 0;     ///< Written by this run.
  std::int64_t journal_failures = 0;  ///< Lines that could not be written.
};

/// A fault of an earlier run, and what is to become of it.
struct Recovered {
  FaultRecord record;
  Progress progress;
  bool changed = false;  ///< The record differs from the journal's.
};

/// One thing to be done to one target, by the worker that claimed it.
struct Job {
  enum class Work { inject, verify, undo, check, start };
  Work work = Work::inject;
  FaultRecord record;  ///< For `start` only the target is set.
  Progress progress;
};

/// Which work a worker takes. One undoes and renews only, so that long drains and starts on
/// request cannot make a deadline or a lease pass.
enum class Lane { any, undo_only };

/// Every fault that was asked for and what became of it: the only writer of faults
/// and of the journal. One mutex; what is slow happens elsewhere, the append apart,
/// which must be on disk before anybody acts. Any thread.
class Ledger {
 public:
  /// `clock`, `feed` outlive this.
  Ledger(Journal journal, const ChaosClock& clock, EventFeed& feed, Logger log);

  /// Takes over what an earlier run left, as reconcile() judged it. Once, at the start.
  void adopt(std::vector<Recovered> recovered);
  /// Takes over a fault that the journal lost and that was found by its mark, to be undone; false
  /// when the journal did know what became of it.
  bool adopt_found(const Recovered& found);
  /// Writes down a new fault; `conflict` names an open one of the target that it does not
  /// go with (faults/overlap).
  Status open(const FaultRecord& record);
  /// The same for several: all of them, or none when one cannot be.
  Status open_all(const std::vector<FaultRecord>& records,
                  const std::optional<GuardTicket>& ticket = {});
  /// Asks for the undoing of one or all; what is over stays as it is.
  Result<FaultView> request_undo(const FaultId& id, const std::string& reason);
  /// Asks as well for a look at what may be in the world and not in here.
  std::vector<FaultView> request_undo_all(const std::string& reason);
  /// Asks for that look alone.
  void request_sweep();
  /// Whether somebody has asked for that look since this was last called.
  [[nodiscard]] bool take_sweep_request();
  /// The same for all that an experiment began.
  void request_undo_of(const std::string& experiment, const std::string& reason);
  /// Asks for a target without an open fault to be started or unpaused.
  Status request_start(const std::string& target_id, const std::string& name);
  /// Keeps what was seen of the cluster under a fault; on disk when it is news, or has aged.
  void note_outcome(const FaultId& id, const Outcome& outcome);
  /// The watch saw a target change: faults on it, or about it, are looked at again.
  void target_changed(const std::string& target_id);

  [[nodiscard]] std::vector<FaultView> faults(bool open_only) const;
  /// The open ones, and those that ended after `since`.
  [[nodiscard]] std::vector<FaultView> faults_since(WallTime since) const;
  /// The same with all that is kept of them.
  [[nodiscard]] std::vector<FaultRecord> records_since(WallTime since) const;
  [[nodiscard]] std::optional<FaultView> find(const FaultId& id) const;
  [[nodiscard]] std::optional<FaultRecord> record_of(const FaultId& id) const;
  [[nodiscard]] std::optional<PlanNote> plan_of(const FaultId& id) const;
  [[nodiscard]] std::vector<FaultView> open_faults_of(const std::string& target_id) const;
  /// What is remembered of one run of an experiment; the oldest may be forgotten already.
  [[nodiscard]] std::vector<FaultRecord> records_of_run(const std::string& experiment,
                                                        std::int64_t run) const;
  /// Whether it goes with what is open on its target; else `conflict`, as of open().
  [[nodiscard]] Status goes_with_open(const FaultRecord& record) const;
  [[nodiscard]] std::size_t open_count() const;
  [[nodiscard]] LedgerStats stats() const;

  /// The next thing to do, if any is due, for this worker alone until it releases it.
  std::optional<Job> claim(Lane lane);
  /// Writes down and publishes a new state of a claimed fault.
  Status commit(const FaultRecord& record);
  void release(const Job& job);
  /// How long nothing can become due for this lane unless something happens; 0: something is.
  [[nodiscard]] milliseconds idle_for(Lane lane) const;
  /// Returns when something may be due for this lane, at the latest after a second.
  void wait_for_work(Lane lane, const std::stop_token& stop);

 private:
  struct Entry {
    FaultRecord record;
    Progress progress;
    bool claimed = false;
    milliseconds outcome_on_disk{0};  ///< Watched, when its outcome was last written.
  };

  [[nodiscard]] std::optional<Job::Work> due(const Entry& entry, const Now& now) const;
  [[nodiscard]] static std::optional<Job::Work> due_by_itself(const Entry& entry, const Now& now);
  [[nodiscard]] static bool may_pass(const Entry& entry, Job::Work work);
  [[nodiscard]] bool is_busy(const std::string& target_id) const;
  [[nodiscard]] std::optional<Job> take_start();
  [[nodiscard]] milliseconds until_due(Lane lane) const;
  [[nodiscard]] Status fits(const FaultRecord& record) const;
  [[nodiscard]] Status may_open(const std::vector<FaultRecord>& records) const;
  [[nodiscard]] Entry* entry_of(const FaultId& id);
  FaultView undo_entry(Entry& entry, const std::string& reason);
  Status write(Entry& entry, const FaultRecord& record);
  void mark_overdue(const Now& now);
  void publish(const FaultView& fault);
  void forget_oldest();
  void compact_journal();

  const ChaosClock& clock_;
  EventFeed& feed_;
  const Logger log_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable_any changed_;
  Journal journal_;
  std::deque<Entry> entries_;  ///< In order of creation.
  std::deque<Job> starts_;
  std::map<std::string, int> busy_targets_;  ///< And how many workers are at each.
  std::int64_t journal_lines_ = 0;
  std::int64_t journal_failures_ = 0;
  std::uint64_t version_ = 0;  ///< Grows when there may be new work.
  bool sweep_asked_ = false;
};

}  // namespace faultline::chaos
