#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/cluster/states.hpp"

namespace faultline {

/// Something that chaosd may touch: a container with the opt-in label, or a local
/// process of the demo. Written by chaosd only.
struct TargetView {
  std::string name;          ///< Unique within one chaosd.
  std::string container_id;  ///< Full container id; "process:<name>" for a local process.
  RuntimeKind runtime = RuntimeKind::docker;
  ContainerState state = ContainerState::unknown;
  std::optional<WallTime> state_since;
  std::vector<std::string> addresses;  ///< "host" or "host:port" it may advertise itself as.
  std::optional<NodeId>
      node_id;  ///< Resolved by the advertised address; empty when nothing matches.
};

/// Which experiment began a fault. Runs and steps count from 1.
struct ExperimentMark {
  std::string id;
  std::int64_t run = 1;
  std::int64_t step = 1;
  bool operator==(const ExperimentMark&) const = default;
};

/// A fault, from the request to the undoing. Written by chaosd only.
struct FaultView {
  FaultId id;
  FaultKind kind = FaultKind::stop;
  FaultState state = FaultState::queued;
  std::string target;  ///< Name of the target.
  std::string detail;  ///< Its parameters, for people: "from n2, n3; received"; may be empty.
  std::optional<NodeId> node_id;
  std::string reason;  ///< Why it is in this state; one sentence, may be empty.
  WallTime created_at;
  std::optional<WallTime> active_at;
  WallTime expires_at;
  std::optional<WallTime> ended_at;
  bool overdue = false;                           ///< Past expires_at and not undone.
  std::optional<ExperimentMark> experiment = {};  ///< Empty: somebody asked for it alone.
};

/// What chaosd's event feed answers: everything it knows, as of `seq`.
struct ChaosView {
  std::string boot;  ///< One run of chaosd; a change means its seq starts anew.
  std::int64_t seq = 0;
  std::vector<TargetView> targets;
  std::vector<FaultView> faults;
};

}  // namespace faultline
