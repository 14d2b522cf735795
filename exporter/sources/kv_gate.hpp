#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "exporter/sources/gateway_session.hpp"

namespace faultline::sources {

/// Whether the key-value layer answers at all. The tiers that read from it share one
/// canary, the smallest such read there is (the liveness records), so that an outage
/// costs one short statement now and then instead of every tier's own long one. Any thread.
class KvGate {
 public:
  static const std::string kCanary;
  static constexpr milliseconds kGoodFor{10'000};  ///< After an answer nobody asks again.
  static constexpr milliseconds kBudget{2'000};    ///< Of the canary.
  static constexpr milliseconds kRetry{2'000};     ///< After a failure, doubled each time.
  static constexpr milliseconds kRetryMax{30'000};

  /// `clock` outlives this.
  explicit KvGate(const Clock& clock) : clock_(clock) {}

  /// Passes when the canary passed lately; asks it through `session` if it is due. A user
  /// who may not read the canary passes: that says nothing about the layer.
  [[nodiscard]] Status pass(GatewaySession& session, Deadline deadline);
  /// A tier was answered: as good as a canary.
  void answered();

 private:
  [[nodiscard]] std::optional<Status> known() const;

  const Clock& clock_;
  mutable std::mutex mutex_;  // Guards all below.
  std::optional<SteadyTime> answered_at_;
  SteadyTime retry_at_ = SteadyTime::min();
  milliseconds retry_ = kRetry;
  Error why_;
};

}  // namespace faultline::sources
