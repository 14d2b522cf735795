#pragma once

#include "chaosd/faults/net_fault.hpp"

namespace faultline::chaos {

/// A partition of the target from everybody on CockroachDB's ports, also from nodes that
/// join later. Not Docker's network disconnect, which takes the node's address, its
/// aliases, its console and its metrics with it.
class NetIsolateFault final : public NetFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::net_isolate; }
  [[nodiscard]] FaultShape shape() const override;

 private:
  void fill(NetRules& rules, const FaultParams& params) const override;
};

}  // namespace faultline::chaos
