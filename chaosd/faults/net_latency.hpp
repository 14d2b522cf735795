#pragma once

#include "chaosd/faults/net_fault.hpp"

namespace faultline::chaos {

/// A round trip takes longer by so much. Path all: what the target sends comes later, to
/// whomever; by netem, which the kernel must have. Path sql: what clients of the target see,
/// which is every new connection to its ports that comes neither from another target nor
/// from a container of ours; by a relay, half of it in each direction. A connection by way
/// of the relay has the target's own address in the eyes of CockroachDB, and ends with the
/// fault; one that was there before is not touched.
class NetLatencyFault final : public NetFault {
 public:
  [[nodiscard]] FaultKind kind() const override { return FaultKind::net_latency; }
  [[nodiscard]] FaultShape shape() const override;
  [[nodiscard]] Status fits(const FaultParams& params) const override;

  /// Of delay and jitter together, for path sql: its proof waits for an answer that late.
  static constexpr milliseconds kMostBySql{5000};

 private:
  void fill(NetRules& rules, const FaultParams& params) const override;
  [[nodiscard]] Result<NetPicture> look(Runtime& runtime, const FaultOrder& order,
                                        Deadline deadline) const override;
};

}  // namespace faultline::chaos
