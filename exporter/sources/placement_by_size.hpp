#pragma once

#include <string>

#include "exporter/sources/gateway_session.hpp"
#include "exporter/sources/placement.hpp"

namespace faultline::sources {

/// Tier T4 at a cadence that the cluster's size allows: reading the descriptors costs one
/// row a range. As often as the cadence says below 10,000 ranges, every ten minutes below
/// 100,000, and not at all above. The size is asked of gossip, which is in memory.
class PlacementBySize final : public poll::Source<PlacementPart> {
 public:
  static const std::string kReplicasStatement;
  static constexpr std::int64_t kManyRanges = 10'000;
  static constexpr std::int64_t kTooManyRanges = 100'000;
  static constexpr milliseconds kPauseOfMany{600'000};

  /// Both outlive this. `session` is the one that `source` reads through.
  PlacementBySize(poll::Source<PlacementPart>& source, GatewaySession& session)
      : source_(source), session_(session) {}

  [[nodiscard]] Result<PlacementPart> read(Deadline deadline) override;
  [[nodiscard]] std::optional<std::string> gateway() const override { return source_.gateway(); }
  [[nodiscard]] std::string off() const override { return off_; }
  [[nodiscard]] milliseconds pause_least() const override { return pause_; }

 private:
  /// Ranges as far as gossip lets guess: replicas by three, the least replication there is.
  [[nodiscard]] std::optional<std::int64_t> guess(Deadline deadline);

  poll::Source<PlacementPart>& source_;
  GatewaySession& session_;
  std::string off_;
  milliseconds pause_{0};
};

}  // namespace faultline::sources
