#include "simulator/cluster/node.hpp"

#include <algorithm>
#include <cstdlib>

#include "simulator/cluster/layout.hpp"

namespace faultline::sim::cluster {

Node::Node(NodeConfig config, std::vector<Disk> disks, Time now)
    : config_(std::move(config)),
      timing_(config_.time_scale, *config_.profile),
      now_(now),
      started_at_(now),
      random_(config_.seed),
      router_(*this),
      heartbeat_(*this),
      allocator_(*this, gauges_) {
  join_token_ = std::to_string(random_());
  load_stores(std::move(disks));
  for (const std::string& address : peer_addresses()) peers_[address];
  if (self_ != 0) {
    phase_ = Phase::starting;
    addresses_[self_] = config_.address;
  }
}

std::vector<std::string> Node::peer_addresses() const {
  std::set<std::string> all(config_.join.begin(), config_.join.end());
  all.insert(saved_addresses_.begin(), saved_addresses_.end());
  for (const auto& [node, address] : addresses_) all.insert(address);
  for (const auto& [address, peer] : peers_) all.insert(address);
  all.erase(config_.address);
  return {all.begin(), all.end()};
}

bool Node::bootstrap(const std::string& cluster_id, Time now) {
  if (phase_ != Phase::uninitialised) return false;
  now_ = now;
  self_ = 1;
  cluster_id_ = cluster_id;
  addresses_[self_] = config_.address;
  StoreNumber last = 0;
  for (OwnStore& own : own_stores_) name_store(own, ++last);
  const auto ranges = system_ranges();
  for (const Descriptor& descriptor : ranges) {
    Copy copy;
    copy.state.descriptor = descriptor;
    Rows& rows = copy.state.rows;
    if (descriptor.range == kMetaRange) {
      for (const Descriptor& each : ranges) {
        rows[row_key("meta2", each.range)] = encode_descriptor(each);
      }
    }
    if (descriptor.range == kStatusRange) {
      rows["generator/node"] = "1";
      rows["generator/store"] = std::to_string(last);
      rows["generator/range"] = std::to_string(kFirstUserRange - 1);
      rows["generator/descriptor"] = std::to_string(kFirstDescriptorId - 1);
    }
    if (descriptor.range == kNamespaceRange) {
      for (const auto& [name, id] :
           {std::pair("system", 1), {"defaultdb", 100}, {"postgres", 102}}) {
        rows[std::string("database/") + name] = std::to_string(id);
      }
    }
    // Leases that last by time say so by their epoch 0 from the start.
    persist(copy, nullptr);
    replicas_[descriptor.range] = std::make_unique<Replica>(*this, std::move(copy));
  }
  phase_ = Phase::starting;
  step(now);
  return true;
}

void Node::start_draining(Time now) {
  now_ = now;
  if (phase_ != Phase::serving) return;
  phase_ = Phase::draining;
  heartbeat_.drain();
}

// Its record is written by others; once it says decommissioned nobody listens any more.
bool Node::decommissioned() const {
  const auto own = liveness(self_);
  return own && own->membership == "decommissioned";
}

void Node::change_membership(NodeNumber node, const std::string& membership) {
  const Info* info = gossip_.find(row_key("liveness", node));
  const auto record = liveness(node);
  if (info == nullptr || !record || record->membership == membership) return;
  Liveness next = *record;
  next.membership = membership;
  const std::string text = encode_liveness(next);
  KvRequest request;
  request.range = kLivenessRange;
  request.op = KvOp::write;
  request.puts = {{row_key("liveness", node), text, info->value}};
  router_.call(
      request,
      [this, node, text, membership](const KvReply* reply) {
        if (reply == nullptr) return;
        const bool done = reply->status == KvStatus::done;
        publish_liveness(node, done ? text : reply->actual);
        if (!done || membership != "decommissioned") return;
        KvRequest forget;
        forget.range = kStatusRange;
        forget.op = KvOp::write;
        forget.erases = {row_key("status", node)};
        router_.call(forget, {});
      },
      now_ + timing_.heartbeat_timeout());
}

void Node::drain_node(NodeNumber node) {
  if (node == self_) return start_draining(now_);
  send(node, DrainNode{node});
}

Descriptor Node::create_range(Descriptor descriptor) {
  descriptor.place(self_, emptiest_store());
  Copy copy;
  copy.state.descriptor = descriptor;
  persist(copy, nullptr);
  auto& replica = replicas_[descriptor.range];
  replica = std::make_unique<Replica>(*this, std::move(copy));
  replica->touch();
  return descriptor;
}

void Node::step(Time now) {
  now_ = now;
  step_links();
  if (phase_ == Phase::uninitialised) {
    step_join();
    return;
  }
  step_start();
  heartbeat_.step();
  // A copy of the keys: a step may drop a replica or make one.
  std::vector<RangeNumber> ranges;
  ranges.reserve(replicas_.size());
  for (const auto& [range, replica] : replicas_) ranges.push_back(range);
  for (const RangeNumber range : ranges) {
    const auto it = replicas_.find(range);
    if (it != replicas_.end()) it->second->step();
  }
  router_.step();
  if (phase_ == Phase::serving && decommissioned()) phase_ = Phase::draining;
  if (phase_ == Phase::serving || phase_ == Phase::draining) {
    step_store_ids();
    allocator_.step(phase_ == Phase::draining);
    step_traffic();
    step_users();
    if (now_ >= garbage_at_) collect_garbage();
    if (now_ >= metrics_at_) metrics_tick();
  }
  step_gossip();
  deliver_to_self();
}

std::vector<Outgoing> Node::take_outbox() {
  std::vector<Outgoing> out;
  out.swap(outbox_);
  return out;
}

// Messages to itself go through a queue like all others: a handler never re-enters.
void Node::deliver_to_self() {
  if (delivering_) return;
  delivering_ = true;
  for (int rounds = 0; !to_self_.empty() && rounds < 1000; ++rounds) {
    std::vector<Message> batch;
    batch.swap(to_self_);
    for (const Message& message : batch) handle(config_.address, message);
  }
  delivering_ = false;
}

void Node::send(NodeNumber to, Message message) {
  if (to == self_) {
    to_self_.push_back(std::move(message));
    return;
  }
  const std::string* address = address_of(to);
  if (address != nullptr) outbox_.push_back({*address, std::move(message)});
}

void Node::send_request(NodeNumber to, const KvRequest& request) { send(to, request); }

std::uint64_t Node::call(KvRequest request, Router::Done done, Time give_up_at) {
  return router_.call(std::move(request), std::move(done), give_up_at);
}

const std::string* Node::address_of(NodeNumber node) const {
  const auto it = addresses_.find(node);
  return it == addresses_.end() ? nullptr : &it->second;
}

NodeNumber Node::node_at(const std::string& address) const {
  for (const auto& [node, known] : addresses_) {
    if (known == address) return node;
  }
  return 0;
}

bool Node::peer_reachable(const Peer& peer) const {
  return peer.state == LinkState::up && now_ - peer.last_pong < timing_.ping_timeout();
}

std::vector<std::string> Node::mute_links() const {
  std::vector<std::string> mute;
  for (const auto& [address, peer] : peers_) {
    const Time heard = std::max(peer.last_pong, peer.up_at);
    if (peer.state == LinkState::up && now_ - heard > 2 * timing_.ping_timeout()) {
      mute.push_back(address);
    }
  }
  return mute;
}

bool Node::reachable(NodeNumber node) const {
  if (node == self_) return true;
  const std::string* address = address_of(node);
  if (address == nullptr) return false;
  const auto it = peers_.find(*address);
  return it != peers_.end() && peer_reachable(it->second);
}

std::optional<Liveness> Node::liveness(NodeNumber node) const {
  const Info* info = gossip_.find(row_key("liveness", node));
  if (info == nullptr) return std::nullopt;
  KnownLiveness& known = known_liveness_[node];
  if (known.text != info->value) known = {info->value, decode_liveness(info->value)};
  return known.record;
}

bool Node::live(NodeNumber node) const {
  const auto record = liveness(node);
  return record && record->expiration > now_;
}

std::int64_t Node::livenodes() const {
  if (!live(self_)) return 0;
  std::int64_t count = 0;
  for (const auto& [node, record] : livenesses()) count += live(node) ? 1 : 0;
  return count;
}

std::map<NodeNumber, Liveness> Node::livenesses() const {
  std::map<NodeNumber, Liveness> all;
  for (const Info& info : gossip_.list("liveness/", now_)) {
    if (const auto record = decode_liveness(info.value)) all[record->node] = *record;
  }
  return all;
}

std::vector<NodeDescriptor> Node::nodes() const {
  std::vector<NodeDescriptor> all;
  for (const Info& info : gossip_.list("node/", now_)) {
    if (const auto node = decode_node(info.value)) all.push_back(*node);
  }
  std::ranges::sort(all, {}, &NodeDescriptor::node);
  return all;
}

bool Node::has_silent_peer() const {
  return std::ranges::any_of(nodes(), [this](const NodeDescriptor& node) {
    if (node.node == self_) return false;
    const auto it = peers_.find(node.address);
    return it != peers_.end() && it->second.state != LinkState::refused &&
           !peer_reachable(it->second);
  });
}

std::map<NodeNumber, const RpcLink*> Node::rpc_links() const {
  std::map<NodeNumber, const RpcLink*> links;
  for (const auto& [address, peer] : peers_) {
    const NodeNumber node = node_at(address);
    const auto record = liveness(node);
    if (node == 0 || (record && record->membership == "decommissioned")) continue;
    links[node] = &peer.rpc;
  }
  return links;
}

bool Node::has_store(NodeNumber node, StoreNumber store, Time heard_within) const {
  if (node == self_) return owns(store);
  const std::string* address = address_of(node);
  const auto it = address == nullptr ? peers_.end() : peers_.find(*address);
  if (it == peers_.end() || now_ - it->second.heard_at >= heard_within) return false;
  const auto& stores = it->second.stores;
  return std::ranges::find(stores, store) != stores.end();
}

bool Node::supports(NodeNumber node, StoreNumber store) const {
  return has_store(node, store, timing_.support_ttl());
}

bool Node::supported_by(NodeNumber node, StoreNumber store) const {
  return has_store(node, store, timing_.supported_ttl());
}

double Node::random() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }

void Node::lease_result(RangeNumber range, bool success) {
  gauges_.add(success ? "leases.success" : "leases.error", store_of(range));
}

std::string Node::setting(const std::string& name, const std::string& fallback) const {
  return gossip_.value("setting/" + name, now_).value_or(fallback);
}

Time Node::breaker_threshold() const {
  const char* initial = profile().circuit_breakers() ? "60" : "0";
  const std::string name = "kv.replica_circuit_breaker.slow_replication_threshold.seconds";
  return timing_.of(std::strtod(setting(name, initial).c_str(), nullptr));
}

double Node::dead_after_seconds() const {
  return std::strtod(setting("server.time_until_store_dead.seconds", "300").c_str(), nullptr);
}

Zone Node::zone(RangeNumber range) const {
  const auto text = gossip_.value(row_key("zone", range), now_);
  return text ? decode_zone(*text).value_or(Zone{}) : Zone{};
}

bool Node::in_zone(NodeNumber node, const Zone& zone) const {
  if (zone.constraints.empty()) return true;  // The usual case, asked for each range.
  const auto text = gossip_.value(row_key("node", node), now_);
  const auto known = text ? decode_node(*text) : std::nullopt;
  return known && allows(zone, known->locality);
}

const Replica* Node::replica(RangeNumber range) const {
  const auto it = replicas_.find(range);
  return it == replicas_.end() ? nullptr : it->second.get();
}

std::optional<Descriptor> Node::local_descriptor(RangeNumber range) const {
  const Replica* found = replica(range);
  if (found == nullptr) return std::nullopt;
  return found->descriptor();
}

std::optional<Descriptor> Node::first_range() const {
  const auto text = gossip_.value("first-range", now_);
  return text ? decode_descriptor(*text) : std::nullopt;
}

}  // namespace faultline::sim::cluster
