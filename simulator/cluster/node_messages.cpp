// What a node does with what others say to it.
#include <algorithm>

#include "simulator/cluster/layout.hpp"
#include "simulator/cluster/node.hpp"

namespace faultline::sim::cluster {

void Node::receive(const std::string& from_address, const Message& message, Time now) {
  now_ = now;
  handle(from_address, message);
  deliver_to_self();
}

void Node::handle(const std::string& from, const Message& message) {
  std::visit([this, &from](const auto& value) { on(from, value); }, message);
}

// Prepare, Promise, Accepted, TakeLease: for a replica that is here, or for nobody.
template <class T>
void Node::on(const std::string& from, const T& message) {
  const auto it = replicas_.find(message.range);
  if (it != replicas_.end()) it->second->receive(node_at(from), message);
}

void Node::on(const std::string& from, const Hello& message) {
  // Another cluster's node at a known address is a mistake of the operator's; it is
  // ignored, as is a node that has not joined.
  if (!message.cluster_id.empty() && !cluster_id_.empty() && message.cluster_id != cluster_id_) {
    peers_.erase(from);
    return;
  }
  peers_[from];
  if (message.node != 0 && message.node != self_) addresses_[message.node] = from;
}

void Node::on(const std::string& from, const Ping& message) {
  if (!message.reply) {
    outbox_.push_back({from, Ping{message.sent_at, true, store_ids()}});
    return;
  }
  Peer& peer = peers_[from];
  peer.last_pong = now_;
  peer.heard_at = now_;
  peer.stores = message.stores;
  peer.rpc.answered(now_ - message.sent_at);
  round_trips_.add(now_ - message.sent_at);
}

void Node::on(const std::string& from, const GossipInfos& message) {
  if (phase_ == Phase::uninitialised) return;
  bool new_address = false;
  for (const std::string& key : gossip_.merge(message.infos, from)) {
    const Info* info = gossip_.find(key);
    if (key.starts_with("store/")) {
      if (const auto store = decode_store(info->value)) known_stores_[store->store] = store->node;
    }
    if (!key.starts_with("node/")) continue;
    const auto node = decode_node(info->value);
    if (!node || node->node == self_) continue;
    std::string& known = addresses_[node->node];
    new_address = new_address || known != node->address;
    known = node->address;
    peers_[node->address];
  }
  if (!new_address) return;
  for (OwnStore& own : own_stores_) own.keeper->save_addresses(peer_addresses());
}

void Node::on(const std::string& from, const Accept& message) {
  auto it = replicas_.find(message.range);
  if (it == replicas_.end()) {
    if (!message.whole) return;
    // It may be meant for a store that this node has lost.
    const StoreNumber store = message.state.descriptor.store_on(self_);
    if (store != 0 && !owns(store)) return;
    Copy copy;
    copy.state.descriptor = message.state.descriptor;
    it = replicas_.emplace(message.range, std::make_unique<Replica>(*this, copy)).first;
    gauges_.add("range.snapshots.applied-initial", store);
  }
  it->second->receive(node_at(from), message);
}

void Node::on(const std::string& /*from*/, const DropReplica& message) {
  const auto it = replicas_.find(message.range);
  if (it == replicas_.end()) return;
  // It may have taken part in the very change that removed it.
  const Descriptor& known = it->second->descriptor();
  const bool listed = std::ranges::find(known.replicas, self_) != known.replicas.end();
  if (known.generation > message.generation) return;
  if (known.generation == message.generation && listed) return;
  drop_replica(message.range);
}

void Node::on(const std::string& from, const KvRequest& message) {
  const auto it = replicas_.find(message.range);
  if (it != replicas_.end()) {
    it->second->request(message);
    return;
  }
  KvReply answer;
  answer.id = message.id;
  answer.range = message.range;
  answer.status = KvStatus::not_here;
  send(node_at(from), answer);
}

void Node::on(const std::string& from, const KvReply& message) {
  router_.receive(node_at(from), message);
}

// A newcomer gets the next id, and one for its first store, kept under its token so that a
// repeated request gets the same ones, and then its first liveness record when it heartbeats.
void Node::on(const std::string& from, const JoinRequest& message) {
  if (phase_ != Phase::serving || admitting_.contains(message.token)) return;
  admitting_.insert(message.token);
  const std::string key = "join/" + message.token;
  const Time limit = now_ + timing_.of(10);
  KvRequest next;
  next.range = kStatusRange;
  next.op = KvOp::increment;
  next.keys = {"generator/node", "generator/store"};
  next.amount = 1;
  router_.call(
      next,
      [this, key, from](const KvReply* reply) {
        if (reply == nullptr || reply->rows.size() < 2) return admitting_.clear();
        admit(from, key, reply->rows.front().second + " " + reply->rows.back().second);
      },
      limit);
}

void Node::admit(const std::string& address, const std::string& key, const std::string& ids) {
  KvRequest claim;
  claim.range = kStatusRange;
  claim.op = KvOp::write;
  claim.puts = {{key, ids, ""}};
  router_.call(
      claim,
      [this, address, ids](const KvReply* reply) {
        admitting_.clear();
        if (reply == nullptr) return;
        const std::string& granted = reply->status == KvStatus::conflict ? reply->actual : ids;
        char* rest = nullptr;
        const NodeNumber node = std::strtoll(granted.c_str(), &rest, 10);
        outbox_.push_back({address, JoinReply{node, std::strtoll(rest, nullptr, 10), cluster_id_}});
      },
      now_ + timing_.of(10));
}

void Node::on(const std::string& /*from*/, const JoinReply& message) {
  if (phase_ != Phase::uninitialised || message.node <= 0 || message.store <= 0) return;
  self_ = message.node;
  cluster_id_ = message.cluster_id;
  addresses_[self_] = config_.address;
  name_store(own_stores_.front(), message.store);
  phase_ = Phase::starting;
  for (auto& [address, peer] : peers_) peer.greeted = false;
}

void Node::on(const std::string& /*from*/, const DrainNode& message) {
  if (message.node == self_) start_draining(now_);
}

void Node::bump_epoch(NodeNumber node, std::int64_t epoch) {
  if (bumping_.contains(node)) return;
  const Info* info = gossip_.find(row_key("liveness", node));
  const auto record = liveness(node);
  if (info == nullptr || !record || record->epoch != epoch || record->expiration > now_) return;
  bumping_.insert(node);
  Liveness next = *record;
  ++next.epoch;
  const std::string text = encode_liveness(next);
  KvRequest request;
  request.range = kLivenessRange;
  request.op = KvOp::write;
  request.puts = {{row_key("liveness", node), text, info->value}};
  router_.call(
      request,
      [this, node, text](const KvReply* reply) {
        bumping_.erase(node);
        if (reply == nullptr) return;
        const bool done = reply->status == KvStatus::done;
        if (done) gauges_.add("liveness.epochincrements", 0);
        publish_liveness(node, done ? text : reply->actual);
      },
      now_ + timing_.heartbeat_timeout());
}

void Node::publish_liveness(NodeNumber node, const std::string& text) {
  gossip_.add(row_key("liveness", node), text, now_);
}

// A leaseholder's duties towards the rest of the cluster, once a change is safe.
void Node::committed(const Copy& copy, const Change* change) {
  const RangeNumber range = copy.state.descriptor.range;
  const auto publish = [&](const std::string& key, const std::string& value) {
    if (range == kLivenessRange && key.starts_with("liveness/")) gossip_.add(key, value, now_);
    const bool config = key.starts_with("setting/") || key.starts_with("table/") ||
                        key.starts_with("user/") || key.starts_with("zone/");
    const bool names = key.starts_with("database/");
    if ((range == kSystemConfigRange && config) || (range == kNamespaceRange && names)) {
      if (gossip_.value(key, now_) != value) gossip_.add(key, value, now_);
    }
  };
  if (change == nullptr) {
    for (const auto& [key, value] : copy.state.rows) publish(key, value);
  } else {
    for (const auto& [key, value] : change->puts) publish(key, value);
  }
  const std::string text = encode_descriptor(copy.state.descriptor);
  if (range == kMetaRange) gossip_.add("first-range", text, now_);
  if (change == nullptr || !change->sets_descriptor) return;
  router_.learn(copy.state.descriptor);
  KvRequest request;
  request.range = kMetaRange;
  request.op = KvOp::write;
  request.puts = {{row_key("meta2", range), text, "*"}};
  router_.call(request, {});
}

}  // namespace faultline::sim::cluster
