#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "chaosd/runtime/runtime.hpp"
#include "chaosd/service/ledger.hpp"
#include "chaosd/service/target_board.hpp"

namespace faultline::chaos {

/// Keeps the board true: lists the targets at every hint of the runtime that
/// something changed, and every `kListEvery` in case a hint was lost. One thread,
/// with a runtime of its own; of several hosts each has a watch, so that one that is
/// silent delays no news of another.
class ContainerWatch {
 public:
  /// All outlive this.
  ContainerWatch(Runtime& runtime, TargetBoard& board, Ledger& ledger, const ChaosClock& clock,
                 std::string host = {})
      : runtime_(runtime), board_(board), ledger_(ledger), clock_(clock), host_(std::move(host)) {}

  void step();
  void run(const std::stop_token& stop);

  static constexpr milliseconds kListEvery{2000};

 private:
  Runtime& runtime_;
  TargetBoard& board_;
  Ledger& ledger_;
  const ChaosClock& clock_;
  const std::string host_;  ///< As the board has it; empty where there are no several.
  std::optional<SteadyTime> described_at_;
};

}  // namespace faultline::chaos
