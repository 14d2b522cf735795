#pragma once

#include <string>
#include <vector>

#include "chaosd/runtime/net_rules.hpp"
#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace faultline::chaos {

struct HoldOrder {
  FaultId fault;  ///< The mark; one hold per fault.
  std::string target_id;
  NetRules rules;
  milliseconds deadline{0};  ///< From now. The hold ends itself then, whatever becomes of chaosd.
  milliseconds lease{0};     ///< It ends itself after as long without renew().
};

/// What a hold says of itself, by what the kernel shows.
struct HoldReport {
  std::int64_t rules = 0;
  std::int64_t met = 0;  ///< Packets that met the rules: the proof that they are in the way.
  bool owned = false;    ///< The kernel removes the rules when the holder is killed.
};

struct Hold {
  FaultId fault;
  std::string target_id;
};

/// Rules laid into the network of a target and held there, by something that takes
/// them away by itself at the deadline or when it is not heard of for one lease.
/// Everything is found again by its marks alone: the fault's id. One caller at a time.
/// Errors as of Runtime; `unsupported` when this machine cannot hold anything.
class NetHolds {
 public:
  virtual ~NetHolds() = default;
  /// Idempotent: what is held for this fault already is reported.
  virtual Result<HoldReport> hold(const HoldOrder& order, Deadline deadline) = 0;
  /// `not_found`: nothing is held for this fault any more.
  virtual Result<HoldReport> renew(const FaultId& fault, Deadline deadline) = 0;
  /// Success only when nothing of this fault is left in the target's network.
  virtual Status release(const FaultId& fault, const std::string& target_id, Deadline deadline) = 0;
  /// Everything that is held by the marks of this chaosd, known to its journal or not.
  virtual Result<std::vector<Hold>> all(Deadline deadline) = 0;
  /// Addresses that a fault must not cut from a target: our own containers, and the
  /// gateways through which published ports come in.
  virtual Result<std::vector<std::string>> exempt(const std::string& target_id,
                                                  Deadline deadline) = 0;
};

}  // namespace faultline::chaos
