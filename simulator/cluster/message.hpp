#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simulator/cluster/types.hpp"

namespace faultline::sim::cluster {

// What nodes say to each other. One message is one JSON object in a length-prefixed
// frame: readable in a packet dump, and refused as a whole when a field is amiss.

struct Prepare {
  RangeNumber range = 0;
  Ballot ballot;
};
struct Promise {
  RangeNumber range = 0;
  Ballot ballot;    ///< The one that was asked for.
  Ballot promised;  ///< Higher than `ballot`: refused.
  bool granted = false;
  Copy copy;
};
/// Either the whole copy, or one change on top of `index - 1`.
struct Accept {
  RangeNumber range = 0;
  Ballot ballot;
  std::uint64_t index = 0;
  bool whole = false;
  Change change;
  RangeState state;
};
struct Accepted {
  RangeNumber range = 0;
  Ballot ballot;
  Ballot promised;
  std::uint64_t index = 0;  ///< What the follower has now.
  bool granted = false;     ///< False with promised == ballot: behind, send the whole.
};
/// "Take my lease": only while the lease still has that sequence.
struct TakeLease {
  RangeNumber range = 0;
  std::uint64_t sequence = 0;
};
/// "You are no replica of this range any more."
struct DropReplica {
  RangeNumber range = 0;
  std::int64_t generation = 0;
};

struct Info {
  std::string key, value;
  Time written_at = 0;
  Time ttl = 0;  ///< 0: never ends.
};
struct GossipInfos {
  std::vector<Info> infos;
};
struct Ping {
  Time sent_at = 0;
  bool reply = false;
  std::vector<StoreNumber> stores;  ///< The sender's, as far as they are up.
};
/// First message on every link. Node 0: has not joined a cluster yet.
struct Hello {
  NodeNumber node = 0;
  std::string cluster_id;
  std::string address;
};
struct JoinRequest {
  std::string address;
  std::string token;  ///< Made once per process, so that a repeated request gets the same id.
};
struct JoinReply {
  NodeNumber node = 0;
  StoreNumber store = 0;  ///< For the first of its stores; it asks for the others' ids itself.
  std::string cluster_id;
};
/// "Give your leases away and take no clients."
struct DrainNode {
  NodeNumber node = 0;
};

using Message =
    std::variant<Hello, Ping, GossipInfos, Prepare, Promise, Accept, Accepted, TakeLease,
                 DropReplica, KvRequest, KvReply, JoinRequest, JoinReply, DrainNode>;

/// Frames above this are refused, and the link is closed.
constexpr std::size_t kMessageBytesMax = 16U << 20U;

[[nodiscard]] std::string encode(const Message& message);
/// Nothing when the text is no message: syntax, a missing field, a wrong type.
[[nodiscard]] std::optional<Message> decode(std::string_view text);

[[nodiscard]] std::string encode_liveness(const Liveness& record);
[[nodiscard]] std::optional<Liveness> decode_liveness(const std::string& text);
[[nodiscard]] std::string encode_descriptor(const Descriptor& descriptor);
[[nodiscard]] std::optional<Descriptor> decode_descriptor(const std::string& text);
[[nodiscard]] std::string encode_store(const StoreDescriptor& store);
[[nodiscard]] std::optional<StoreDescriptor> decode_store(const std::string& text);
[[nodiscard]] std::string encode_node(const NodeDescriptor& node);
[[nodiscard]] std::optional<NodeDescriptor> decode_node(const std::string& text);

}  // namespace faultline::sim::cluster
