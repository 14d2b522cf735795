#pragma once

#include <nlohmann/json.hpp>

#include "simulator/cluster/message.hpp"

namespace faultline::sim::cluster {

// How each struct looks in JSON; shared by the links and the store. Only for .cpp files.

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Ballot, round, node)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Descriptor, range, start_key, start_pretty, end_key, end_pretty,
                                   table_id, database, schema, table, factor, replicas, stores,
                                   generation)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Lease, holder, epoch, expiration, sequence)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Liveness, node, epoch, expiration, draining, membership)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RangeState, descriptor, lease, rows)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Change, sets_lease, lease, sets_descriptor, descriptor, puts,
                                   erases)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Copy, promised, accepted, index, state)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ConditionalPut, key, value, expect)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(KvRequest, id, from, range, op, prefix, keys, puts, erases,
                                   amount, target)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(KvReply, id, range, status, hint, rows, conflict_key, actual,
                                   number, store)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NodeDescriptor, node, address, sql_address, http_address,
                                   locality, started_at, build_tag, server_version)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StoreDescriptor, store, node, ranges, leases)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Prepare, range, ballot)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Promise, range, ballot, promised, granted, copy)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Accept, range, ballot, index, whole, change, state)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Accepted, range, ballot, promised, index, granted)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TakeLease, range, sequence)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DropReplica, range, generation)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Info, key, value, written_at, ttl)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GossipInfos, infos)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Ping, sent_at, reply, stores)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Hello, node, cluster_id, address)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JoinRequest, address, token)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JoinReply, node, store, cluster_id)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DrainNode, node)

/// The value in `text`, or nothing: outside input never throws past this line.
template <class T>
std::optional<T> from_text(std::string_view text) {
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  try {
    return parsed.get<T>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

template <class T>
std::string to_text(const T& value) {
  // Rows may hold any bytes a client sent; a link must not die of them.
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace faultline::sim::cluster
