#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "chaosd/service/chaos_clock.hpp"
#include "chaosd/service/experiment.hpp"

namespace faultline::chaos {

/// What becomes of an experiment that an earlier run of chaosd left; pure, and the same when it
/// is done twice. A run that was under way is aborted: nobody watched it meanwhile. A schedule
/// goes on with its next due time, and nobody makes up for those that have passed. One without
/// a schedule does not begin again.
/// `doubtful`: parts of the file were lost, so that nobody knows who was told to stop.
void recover(Experiment& experiment, bool doubtful, WallTime now);

/// After a run has ended, or could not be begun: waits for the next one, or is over.
void settle(Experiment& experiment, WallTime now);
/// Passes over the due times before `now`, counting them.
void miss_until(Experiment& experiment, WallTime now);

/// What the ledger knows of a fault.
using FindFault = std::function<std::optional<FaultView>(const FaultId&)>;
/// Brings the open records of a run up to date by their ids: of a fault that the journal had lost,
/// and that was found by its mark, the ledger does not know the experiment. Those that it does not
/// know at all are the answer: pointers into `run`.
std::vector<FaultView*> refresh_found(ExperimentRun& run, const FindFault& find);

}  // namespace faultline::chaos
