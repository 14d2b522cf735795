#pragma once

#include <mutex>
#include <string>

#include "chaosd/service/chaos_clock.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

struct LeverState {
  bool engaged = false;
  std::string reason;  ///< Of whoever moved it last.
  WallTime since;
};

/// The safety lever: while it is engaged no fault is begun. Survives a restart, in
/// `state-dir/lever.json`. One that cannot be read counts as engaged: the safe reading of
/// "nobody knows". Any thread.
class Lever {
 public:
  [[nodiscard]] static LeverState read(const std::string& directory, WallTime now);

  /// `clock` outlives this.
  Lever(std::string directory, const ChaosClock& clock)
      : directory_(std::move(directory)),
        clock_(clock),
        state_(read(directory_, clock.now().wall)) {}

  [[nodiscard]] LeverState state() const;
  /// On disk before it returns. `unavailable` when it cannot be written: engaged it is all
  /// the same, until chaosd ends; released it is not.
  Status set(bool engaged, const std::string& reason);

 private:
  [[nodiscard]] Status write(const LeverState& state) const;

  const std::string directory_;
  const ChaosClock& clock_;
  mutable std::mutex mutex_;  // Guards state_; held while it is written, which is rare.
  LeverState state_;
};

}  // namespace faultline::chaos
