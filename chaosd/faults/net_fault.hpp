#pragma once

#include "chaosd/faults/held_fault.hpp"
#include "chaosd/faults/net_change.hpp"

namespace faultline::chaos {

/// What the network faults share: rules over the traffic of CockroachDB's ports, held
/// in the target's network by something that ends itself. They meet both directions of
/// a connection, whoever opened it, and never loopback. Without peers they meet
/// everybody but our own containers and the gateways through which published ports
/// come in, so that console, exporter and clients from outside are left alone. Containers get
/// other addresses when they are started again or attached elsewhere: the rules follow.
class NetFault : public HeldFault {
 public:
  [[nodiscard]] bool ends_with_the_run() const final { return true; }
  [[nodiscard]] bool names_others() const final { return true; }
  /// In a network that is not its own, somebody else would be cut as well.
  [[nodiscard]] Status suits(const TargetInfo& target) const final;

 protected:
  /// What is said in any rules of this order, whoever else there is.
  [[nodiscard]] NetRules begin(const FaultOrder& order, const TargetInfo& target) const;
  [[nodiscard]] virtual Result<NetPicture> look(Runtime& runtime, const FaultOrder& order,
                                                Deadline deadline) const;

 private:
  /// The effect and its numbers.
  virtual void fill(NetRules& rules, const FaultParams& params) const = 0;
  [[nodiscard]] Result<HoldWhat> what(Runtime& runtime, const FaultOrder& order,
                                      Deadline deadline) const final;
  Result<std::string> follow(Runtime& runtime, const FaultOrder& order, const HoldReport& held,
                             Deadline deadline) const final;
  Result<std::string> replace(Runtime& runtime, const FaultOrder& order, const NetChange& change,
                              Deadline deadline) const;
  [[nodiscard]] HoldPlace place() const final { return HoldPlace::network; }
  [[nodiscard]] std::string_view shared_by_processes() const final { return "network"; }
  /// Shown when a packet has met the rules, by the kernel's own counter.
  [[nodiscard]] Proof proof_in(const HoldReport& report) const final;
};

/// The IP addresses among those under which a target is known.
[[nodiscard]] std::vector<std::string> ip_addresses(const TargetInfo& target);
/// The ports it may advertise itself with, beside CockroachDB's own 26257.
[[nodiscard]] std::vector<std::int64_t> ports_of(const TargetInfo& target);

}  // namespace faultline::chaos
