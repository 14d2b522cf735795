#pragma once

#include "chaosd/faults/net_fault.hpp"

namespace faultline::chaos {

/// The target on one side, the peers on the other: nothing passes between them. One-way
/// (`in`, `out`) is what the packets do; CockroachDB makes it two-way, for it believes no
/// connection on which it cannot dial back.
class NetPartitionFault final : public NetFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::net_partition; }
  [[nodiscard]] FaultShape shape() const override;

 private:
  void fill(NetRules& rules, const FaultParams& params) const override;
};

}  // namespace faultline::chaos
