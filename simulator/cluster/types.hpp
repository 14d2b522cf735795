#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace faultline::sim::cluster {

// The words of the model. A node has one store or several; replicas are told by their nodes,
// of which a range never has two replicas, and lie on stores, which have ids of their own.

using NodeNumber = std::int64_t;
/// A store's id: equal to its node's by luck only. 0: none yet.
using StoreNumber = std::int64_t;
using RangeNumber = std::int64_t;
/// Nanoseconds since the Unix epoch: what liveness expirations are written in.
using Time = std::int64_t;
using Rows = std::map<std::string, std::string>;

constexpr Time kMillisecond = 1'000'000;
constexpr Time kSecond = 1'000 * kMillisecond;

/// Who may change a range: the highest ballot that a majority has promised.
struct Ballot {
  std::uint64_t round = 0;
  NodeNumber node = 0;
  auto operator<=>(const Ballot&) const = default;
};

struct Descriptor {
  RangeNumber range = 0;
  std::string start_key, start_pretty, end_key, end_pretty;  ///< Keys as raw hex digits.
  std::int64_t table_id = 0;
  std::string database, schema, table;
  std::int64_t factor = 3;           ///< num_replicas of its zone; 5 for the system's ranges.
  std::vector<NodeNumber> replicas;  ///< By their nodes.
  std::vector<StoreNumber> stores;   ///< Where each of them lies, in the same order.
  std::int64_t generation = 0;

  /// 0: no replica there.
  [[nodiscard]] StoreNumber store_on(NodeNumber node) const;
  /// Adds a replica, or moves the one that the node has to that store.
  void place(NodeNumber node, StoreNumber store);
  void remove(NodeNumber node);
};

/// Epoch 0 means a lease that expires by time (meta and liveness ranges).
struct Lease {
  NodeNumber holder = 0;
  std::int64_t epoch = 0;
  Time expiration = 0;
  std::uint64_t sequence = 0;
};

/// A row of the liveness range, and what gossip carries of it.
struct Liveness {
  NodeNumber node = 0;
  std::int64_t epoch = 0;
  Time expiration = 0;
  bool draining = false;
  std::string membership = "active";
};

struct RangeState {
  Descriptor descriptor;
  Lease lease;
  Rows rows;
};

/// What one accepted proposal does to a range.
struct Change {
  bool sets_lease = false;
  Lease lease;
  bool sets_descriptor = false;
  Descriptor descriptor;
  std::vector<std::pair<std::string, std::string>> puts;
  std::vector<std::string> erases;
};

/// One node's copy of a range: what it has promised and what it has accepted.
struct Copy {
  Ballot promised;
  Ballot accepted;
  std::uint64_t index = 0;
  RangeState state;
};

enum class KvOp : std::uint8_t {
  read,       ///< Rows by keys, or by prefix.
  write,      ///< Puts under conditions, and erases.
  increment,  ///< Counters, all by the same; the answer carries the values after it.
  lease,      ///< Who holds the lease; takes it when nobody valid does.
  transfer,   ///< Gives the lease to `target`.
};

/// "*" expects nothing, "" expects absence, anything else that very value.
struct ConditionalPut {
  std::string key, value;
  std::string expect = "*";
};

struct KvRequest {
  std::uint64_t id = 0;
  NodeNumber from = 0;
  RangeNumber range = 0;
  KvOp op = KvOp::read;
  std::string prefix;
  std::vector<std::string> keys;
  std::vector<ConditionalPut> puts;
  std::vector<std::string> erases;
  std::int64_t amount = 0;
  NodeNumber target = 0;
};

enum class KvStatus : std::uint8_t {
  done,
  conflict,         ///< A condition failed; `conflict_key` and `actual` say which.
  not_leaseholder,  ///< Ask `hint`.
  not_here,         ///< No copy of that range on this node.
  unavailable,      ///< A circuit breaker's answer, in `actual`; `number` 1: it may have happened.
};

struct KvReply {
  std::uint64_t id = 0;
  RangeNumber range = 0;
  KvStatus status = KvStatus::done;
  NodeNumber hint = 0;
  std::vector<std::pair<std::string, std::string>> rows;
  std::string conflict_key, actual;
  std::int64_t number = 0;  ///< Result of increment, rows erased, or the range's size for `lease`.
  StoreNumber store = 0;    ///< For `lease`: the store that holds it.
};

/// What gossip says of a store.
struct StoreDescriptor {
  StoreNumber store = 0;
  NodeNumber node = 0;
  std::int64_t ranges = 0, leases = 0;
};

struct NodeDescriptor {
  NodeNumber node = 0;
  std::string address, sql_address, http_address, locality;
  Time started_at = 0;
  std::string build_tag, server_version;
};

}  // namespace faultline::sim::cluster
