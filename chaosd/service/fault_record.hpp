#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "chaosd/faults/fault.hpp"
#include "chaosd/service/chaos_clock.hpp"
#include "common/cluster/fault.hpp"

namespace faultline::chaos {

/// A fault with all that undoing it needs after a crash; one line of the journal.
struct FaultRecord {
  FaultView view;
  std::string target_id;         ///< Acted on by id, never by name.
  std::string instance;          ///< The run of the target that was found.
  std::string touched_instance;  ///< The run that is known to be down or paused by us.
  std::chrono::seconds grace{0};
  BootInstant deadline;
  FaultParams params;
  std::string saved;  ///< What undoing must know of the world before; see Fault::save.
};

/// By CLOCK_BOOTTIME within the boot of the machine in which the fault was asked
/// for, so that a step of the wall clock moves nothing; else by the wall clock.
[[nodiscard]] bool deadline_passed(const FaultRecord& record, const Now& now);
/// How long until then; negative when it has passed.
[[nodiscard]] milliseconds time_left(const FaultRecord& record, const Now& now);

/// The order to carry it out or take it back now.
[[nodiscard]] FaultOrder order_of(const FaultRecord& record, const Now& now);

/// "stop of n2 is active", for people.
[[nodiscard]] std::string describe(const FaultView& fault);

}  // namespace faultline::chaos
