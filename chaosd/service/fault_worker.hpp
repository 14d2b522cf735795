#pragma once

#include <set>
#include <stop_token>

#include "chaosd/runtime/runtime.hpp"
#include "chaosd/service/event_feed.hpp"
#include "chaosd/service/guard.hpp"
#include "chaosd/service/ledger.hpp"

namespace faultline::chaos {

/// Does what the ledger says is due, proves it, and takes it back; the only caller
/// of a runtime for acting. Several run at once, each with a runtime of its own; the
/// ledger keeps two of them off one target, but for what is taken away beside it.
/// `step` is the whole logic.
class FaultWorker {
 public:
  /// All outlive this. `runtime` is used by this worker alone.
  FaultWorker(Lane lane, Runtime& runtime, Ledger& ledger, EventFeed& feed, const ChaosClock& clock,
              Logger log, const Guard* guard = nullptr)
      : lane_(lane),
        runtime_(runtime),
        ledger_(ledger),
        feed_(feed),
        clock_(clock),
        log_(std::move(log)),
        guard_(guard) {}

  /// How often what holds a fault is renewed: several times within its lease.
  static constexpr milliseconds kKeepEvery{5000};

  /// Does one thing, if one is due. May block as long as the runtime's deadlines say.
  bool step();
  void run(const std::stop_token& stop);
  /// Takes away what is held by our marks for no open fault: of a chaosd whose journal
  /// is lost, or left behind by a holder that ended itself. What an ownership mark tells of, and
  /// no journal, becomes a fault again that is undone.
  void sweep();

 private:
  void inject(Job& job);
  void apply(Job& job);
  void verify(Job& job);
  void undo(Job& job);
  void finish_undo(Job& job, const Status& done);
  void undo_marks(Job& job);
  void check(Job& job);
  void check_marks(Job& job, const Result<TargetInfo>& target);
  void keep_marks(Job& job);
  void lose_marks(Job& job, const std::string& reason, bool can_reapply);
  void reapply(Job& job, const std::string& reason);
  void sweep(Holds& holds);
  void sweep(OwnershipMarks& marks);
  Status put_mark(Job& job);
  [[nodiscard]] Result<bool> what_is_before_is_ours(const Job& job);
  void take_mark(const FaultId& fault, const std::string& target_id, OwnershipMarks& marks);
  void start(const Job& job);

  [[nodiscard]] Result<TargetInfo> inspect(const Job& job);
  [[nodiscard]] std::string run_of_ours(const FaultRecord& record, const TargetInfo& target) const;
  void end(Job& job, FaultState state, const std::string& reason);
  void give_up_injection(Job& job, const std::string& reason, milliseconds settle);
  void retry_later(Job& job, const std::string& reason);
  void retry_unseen(Job& job, const Error& error);
  void note_answer(Job& job);

  const Lane lane_;
  Runtime& runtime_;
  Ledger& ledger_;
  EventFeed& feed_;
  const ChaosClock& clock_;
  const Logger log_;
  std::set<std::string> told_unreadable_;  ///< Marks; said once.
  const Guard* const guard_;               ///< Null: what was written down is begun as it stands.
};

}  // namespace faultline::chaos
