#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/cluster/fault.hpp"
#include "common/cluster/probe.hpp"
#include "common/cluster/states.hpp"

namespace faultline {

// The picture of the cluster at one instant: plain data, built once by
// exporter/observe and then const, shared as shared_ptr<const ClusterSnapshot>.
// Field by field it is schema/stream.schema.json, which documents each one; an
// empty optional is null there and means unknown, never zero.

struct NodeLiveness {
  Liveness state = Liveness::unknown;
  std::string reason;
  std::optional<WallTime> since;
  std::optional<Liveness> next_state;
  std::optional<WallTime> next_at;
  std::optional<std::int64_t> epoch;
  std::optional<WallTime> expires_at;
  std::optional<NodeId> witness;
  std::optional<WallTime> read_at;
  std::string disagreement = {};  ///< What two gateways say, when it is not the same; else empty.
  std::optional<WallTime> disagreement_since = {};
};

struct NodeProcess {
  ProcessState state = ProcessState::unknown;
  std::string reason;
  std::optional<bool> ready;
  std::optional<WallTime> since;
  std::optional<WallTime> read_at;
};

struct NodeContainer {
  ContainerState state = ContainerState::unknown;
  std::optional<std::string> id;
  std::optional<std::string> name;
  std::optional<WallTime> since;
  std::optional<WallTime> read_at;
};

struct NodeReplication {
  bool valid = false;
  std::string reason = "never read";
  std::optional<std::int64_t> live_nodes;
  std::optional<std::int64_t> ranges_counted;
  std::optional<std::int64_t> ranges_unavailable;
  std::optional<std::int64_t> ranges_underreplicated;
  std::optional<WallTime> read_at;
};

/// A store as its node wrote it down last, which is every ten seconds while it lives.
struct StoreView {
  StoreId id;
  std::int64_t ranges = 0;
  std::int64_t leases = 0;
  std::int64_t capacity_bytes = 0;
  std::int64_t available_bytes = 0;
  std::int64_t used_bytes = 0;
  bool operator==(const StoreView&) const = default;
};

struct PeerLink {
  NodeId peer;
  LinkState state = LinkState::unknown;
  std::optional<double> latency_ms;
};

/// One row of the matrix: what a node's own gauges say of its connections.
struct NodeConnectivity {
  std::optional<std::int64_t> peers_lost;  ///< Peers it has no working connection to.
  std::vector<PeerLink> peers;  ///< By id; in big clusters only those that are not connected.
  std::string source = {};      ///< Where it is from; empty: nowhere.
  std::optional<WallTime> read_at;
};

/// Two nodes that answer us and cannot see each other.
struct Cut {
  NodeId a;
  NodeId b;
  WallTime since;
};

/// Who can see whom; `valid` when every node that answers has told.
struct Connectivity {
  bool valid = false;
  std::string reason = "never read";
  std::vector<Cut> cuts;  ///< By a, then b; a < b.
  std::string sentence;   ///< What is cut, in words, when it has lasted; else empty.
};

struct NodeView {
  NodeId id;
  std::string address;
  std::string sql_address;
  std::optional<std::string> http_address;
  std::string locality;
  std::string version;
  std::optional<WallTime> started_at;
  std::optional<bool> is_live;
  std::optional<std::int64_t> ranges;         ///< Replicas on the node's stores.
  std::optional<std::int64_t> leader_ranges;  ///< Leases held.
  NodeLiveness liveness;
  NodeProcess process;
  NodeContainer container;
  NodeReplication replication;
  NodeProbe probe;
  std::optional<std::vector<StoreView>> stores = {};  ///< Empty optional: unknown.
  NodeConnectivity connectivity = {};
  std::optional<std::int64_t> stores_missing = {};  ///< Hold replicas; it answers without them.
};

/// One of the three ways to count ranges without quorum.
struct Opinion {
  bool valid = false;
  std::optional<std::int64_t> ranges_unavailable;
  std::string reason;  ///< Why it is not valid.
  std::optional<WallTime> read_at;
};

struct Verdict {
  VerdictState state = VerdictState::unknown;
  std::string sentence = "Nothing read yet";
  WallTime since;
  std::optional<std::int64_t> can_lose_nodes;
  Opinion native;
  Opinion computed;
  Opinion probe;
};

struct ClusterInfo {
  std::optional<std::string> cluster_id;
  std::optional<std::string> version;
  bool simulated = false;
  std::int64_t nodes_expected = 0;
  std::int64_t nodes_up = 0;
};

struct SourceHealth {
  std::string name;
  bool ok = false;
  std::string error;
  std::optional<std::string> gateway;
  std::optional<WallTime> read_at;  ///< Last good read.
  std::optional<double> took_ms;    ///< Duration of the last read, good or not.
  bool stale = false;
  std::string off = {};  ///< Why it is not asked at present; empty when it is.
};

struct ClusterSnapshot {
  std::string boot;
  std::int64_t seq = 0;
  WallTime at;
  ClusterInfo cluster;
  Verdict verdict;
  std::optional<std::int64_t> ranges_total;
  std::optional<std::int64_t> ranges_unavailable;
  std::optional<std::int64_t> ranges_underreplicated;
  std::vector<NodeView> nodes;  ///< By id.
  Connectivity connectivity;
  std::vector<SourceHealth> sources;
  std::vector<FaultView> faults;
  std::vector<TargetView> targets;
  std::optional<LedgerCounts> ledger;  ///< Of the probe; empty while it is off.
};

using SnapshotPtr = std::shared_ptr<const ClusterSnapshot>;

}  // namespace faultline
