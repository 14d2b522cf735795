#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "chaosd/faults/fault.hpp"
#include "chaosd/service/chaos_clock.hpp"
#include "chaosd/service/outcome.hpp"
#include "common/cluster/fault.hpp"

namespace faultline::chaos {

/// The plan under which a fault was let in, as it is kept with it.
struct PlanNote {
  std::string hash;
  std::string verdict;    ///< "allow", "needs_acceptance".
  bool accepted = false;  ///< Somebody accepted its risks by the hash.
  // The forecast; empty: what it would do was not known.
  std::optional<std::int64_t> lease_lost;
  std::optional<std::int64_t> quorum_lost;
  std::optional<std::int64_t> under_replicated;
  std::string sentence;
  std::optional<std::int64_t> quorum_lost_already = {};  ///< When it was planned.
  std::optional<std::int64_t> can_lose_nodes_after = {};
};

/// A fault with all that undoing it needs after a crash; one line of the journal.
struct FaultRecord {
  FaultView view;
  std::string target_id;         ///< Acted on by id, never by name.
  std::string instance;          ///< The run of the target that was found.
  std::string touched_instance;  ///< The run that is known to be down or paused by us.
  std::chrono::seconds grace{0};
  BootInstant deadline;
  std::optional<PlanNote> plan = {};  ///< Empty: it was injected without one.
  FaultParams params;
  std::optional<Outcome> outcome = {};  ///< Empty: nobody has looked yet.
  std::string saved;  ///< What undoing must know of the world before; see Fault::save.
};

/// By CLOCK_BOOTTIME within the boot of the machine in which the fault was asked
/// for, so that a step of the wall clock moves nothing; else by the wall clock.
[[nodiscard]] bool deadline_passed(const FaultRecord& record, const Now& now);
/// How long until then; negative when it has passed.
[[nodiscard]] milliseconds time_left(const FaultRecord& record, const Now& now);

/// The order to carry it out or take it back now.
[[nodiscard]] FaultOrder order_of(const FaultRecord& record, const Now& now);

/// What is to be found in the world when the journal is lost.
[[nodiscard]] Mark mark_of(const FaultRecord& record);

/// Whether the two may be open at the same time; else `conflict` that names `first`, if it is
/// written down, and says what would do. Faults on different targets always may.
[[nodiscard]] Status overlap(const FaultRecord& first, const FaultRecord& second);

/// Whether what becomes of that target may concern it: its own, or one that it names.
[[nodiscard]] bool concerns(const FaultRecord& record, const std::string& target_id);

/// "stop of n2 is active", for people.
[[nodiscard]] std::string describe(const FaultView& fault);

}  // namespace faultline::chaos
