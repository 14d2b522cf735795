#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace faultline::sim::cluster {

// The words of the model. A simulated node has one store, and the two share their id.

using NodeNumber = std::int64_t;
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
  std::int64_t factor = 3;  ///< num_replicas of its zone; 5 for the system's ranges.
  std::vector<NodeNumber> replicas;
  std::int64_t generation = 0;
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
  increment,  ///< A counter; the answer carries the value after it.
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
};

struct NodeDescriptor {
  NodeNumber node = 0;
  std::string address, sql_address, http_address, locality;
  Time started_at = 0;
  std::string build_tag, server_version;
};

}  // namespace faultline::sim::cluster
