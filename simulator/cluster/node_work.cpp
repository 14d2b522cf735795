// What a node does by itself, each thing at its own pace.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "simulator/cluster/layout.hpp"
#include "simulator/cluster/node.hpp"

namespace faultline::sim::cluster {

void Node::link_changed(const std::string& address, LinkState state, Time now) {
  now_ = now;
  Peer& peer = peers_[address];
  const bool came_up = state == LinkState::up && peer.state != LinkState::up;
  peer.state = state;
  if (!came_up) return;
  peer.last_pong = 0;
  peer.up_at = now;
  peer.greeted = false;
  gossip_.forget_peer(address);
  ping_at_ = 0;
}

void Node::step_links() {
  const bool ping = now_ >= ping_at_;
  if (ping) ping_at_ = now_ + timing_.ping_interval();
  for (auto& [address, peer] : peers_) {
    peer.rpc.step(now_, timing_, {peer.state == LinkState::up, peer.heard_at});
    step_support(peer, ping);
    if (peer.state != LinkState::up) continue;
    if (!peer.greeted) {
      outbox_.push_back({address, Hello{self_, cluster_id_, config_.address}});
      peer.greeted = true;
    }
    if (ping) outbox_.push_back({address, Ping{now_, false, {}}});
  }
}

// Store liveness' counters; the support itself is what heard_at says.
void Node::step_support(Peer& peer, bool ping) {
  const bool supported = peer.heard_at != 0 && now_ - peer.heard_at < timing_.support_ttl();
  const bool withdrawn = peer.supported && !supported;
  peer.supported = supported;
  const bool answered = now_ - peer.heard_at < 2 * timing_.ping_interval();
  const auto pairs = static_cast<double>(std::max<std::size_t>(peer.stores.size(), 1));
  for (const StoreNumber own : store_ids()) {
    if (withdrawn) gauges_.add("storeliveness.support.withdraw.successes", own, pairs);
    if (!ping || peer.heard_at == 0) continue;
    gauges_.add(answered ? "storeliveness.heartbeat.successes" : "storeliveness.heartbeat.failures",
                own, pairs);
  }
}

void Node::step_join() {
  if (now_ < join_at_ || peers_.empty()) return;
  join_at_ = now_ + timing_.of(1);
  // One at a time: two who answer would give two ids.
  std::vector<std::string> up;
  for (const auto& [address, peer] : peers_) {
    if (peer.state == LinkState::up) up.push_back(address);
  }
  if (up.empty()) return;
  outbox_.push_back({up[join_turn_++ % up.size()], JoinRequest{config_.address, join_token_}});
}

// Until its own liveness record is written a node answers nothing but /health: with
// the liveness range out of reach it stays like that for ever.
void Node::step_start() {
  if (phase_ != Phase::starting || start_asked_) return;
  start_asked_ = true;
  KvRequest request;
  request.range = kLivenessRange;
  request.keys = {row_key("liveness", self_)};
  router_.call(request, [this](const KvReply* reply) {
    const std::string text = reply->rows.empty() ? "" : reply->rows.front().second;
    const auto before = decode_liveness(text);
    heartbeat_.start(text);
    const Time last_up = before ? before->expiration - timing_.liveness_ttl() : started_at_;
    become_serving(before ? "node_restart" : "node_join", last_up);
  });
}

void Node::become_serving(const std::string& event, Time last_up) {
  const nlohmann::json info = {{"Timestamp", now_},
                               {"EventType", event},
                               {"NodeID", self_},
                               {"StartedAt", started_at_},
                               {"LastUp", last_up}};
  const nlohmann::json row = {
      {"ts", now_ / 1000}, {"type", event}, {"node", self_}, {"info", info.dump()}};
  KvRequest request;
  request.range = kEventLogRange;
  request.op = KvOp::write;
  request.puts = {{"event/" + std::to_string(now_) + "/" + std::to_string(self_), row.dump(), "*"}};
  router_.call(request, {});
  garbage_at_ = now_ + timing_.of(3);
}

void Node::publish_self() {
  const NodeDescriptor own{self_,
                           config_.address,
                           config_.sql_address,
                           config_.http_address,
                           config_.locality,
                           started_at_,
                           profile().tag_text(),
                           profile().server_version};
  gossip_.add(row_key("node", self_), encode_node(own), now_);
}

void Node::step_gossip() {
  if (phase_ == Phase::starting && heartbeat_.started()) {
    phase_ = Phase::serving;
    metrics_at_ = now_;
    router_.refresh({});
    // A fresh cluster: nobody has ever held these.
    for (auto& [range, replica] : replicas_) {
      if (replica->lease().holder == 0) replica->touch();
    }
  }
  if (phase_ == Phase::serving || phase_ == Phase::draining) {
    if (now_ >= descriptor_at_) {
      descriptor_at_ = now_ + timing_.of(3600);
      publish_self();
    }
    if (now_ >= clients_at_ && !decommissioned()) {
      clients_at_ = now_ + timing_.gossip_client_interval();
      nlohmann::json targets = nlohmann::json::array();
      for (const auto& [node, address] : addresses_) {
        if (node < self_ && reachable(node)) targets.push_back(node);
      }
      gossip_.add(row_key("gossip-clients", self_), targets.dump(), now_,
                  timing_.gossip_client_ttl());
    }
    publish_stores(false);
  }
  for (const auto& [address, peer] : peers_) {
    if (peer.state != LinkState::up || node_at(address) == 0) continue;
    auto news = gossip_.news_for(address, now_);
    if (!news.empty()) outbox_.push_back({address, GossipInfos{std::move(news)}});
  }
}

void Node::metrics_tick() {
  metrics_at_ = now_ + timing_.metrics_interval();
  auto found = allocator_.count();
  for (const OwnStore& own : own_stores_) {
    if (own.id != 0) count_store(own, found[own.id]);
  }
  gauges_.set("requests.slow.distsender", 0, static_cast<double>(router_.slow_count()));
  publish_stores(true);
  if (!decommissioned()) write_status();
  publish_alerts();
}

void Node::count_store(const OwnStore& own, const StoreCount& found) {
  std::int64_t slow_leases = 0, tripped = 0;
  for (const auto& [range, replica] : replicas_) {
    if (store_of(range) != own.id) continue;
    tripped += replica->tripped() ? 1 : 0;
    const bool slow =
        replica->waiting() && now_ - replica->waiting_since() > timing_.slow_request();
    slow_leases += slow ? 1 : 0;
  }
  const char* asleep = profile().since(Release::v25_4) ? "replicas.asleep" : "replicas.quiescent";
  const std::pair<const char*, std::int64_t> values[] = {
      {"ranges", found.ranges},
      {"ranges.unavailable", found.unavailable},
      {"ranges.underreplicated", found.underreplicated},
      {"ranges.overreplicated", found.overreplicated},
      {"replicas", found.replicas},
      {"replicas.leaders", found.leaders},
      {"replicas.leaseholders", found.leaseholders},
      {asleep, found.replicas},
      {profile().leader_leases() ? "leases.leader" : "leases.epoch", found.epoch_leases},
      {"leases.expiration", found.expiration_leases},
      {"queue.replicate.purgatory", allocator_.purgatory(own.id)},
      {"livebytes", found.bytes},
      {"capacity", own.capacity},
      {"capacity.available", std::min(kDiskFreeBytes, own.capacity - found.bytes)},
      {"capacity.used", found.bytes},
      {"kv.replica_circuit_breaker.num_tripped_replicas", tripped},
      {"requests.slow.lease", slow_leases}};
  for (const auto& [name, value] : values) gauges_.set(name, own.id, static_cast<double>(value));
}

void Node::publish_alerts() {
  nlohmann::json alerts = nlohmann::json::array();
  for (const StoreNumber store : store_ids()) {
    for (const char* name : {"ranges.unavailable", "ranges.underreplicated"}) {
      const double value = gauges_.value(name, store);
      if (value > 0) alerts.push_back({{"store", store}, {"name", name}, {"value", value}});
    }
  }
  const auto failures = static_cast<double>(heartbeat_.failures());
  if (failures > 0 && gauges_.value("liveness.heartbeatfailures", 0) < failures) {
    alerts.push_back(
        {{"store", 0}, {"name", "liveness.heartbeatfailures"}, {"value", heartbeat_.failures()}});
  }
  gauges_.set("liveness.heartbeatfailures", 0, failures);
  gossip_.add(row_key("alerts", self_), alerts.dump(), now_, timing_.alert_ttl());
}

void Node::write_status() {
  nlohmann::json stores = nlohmann::json::array();
  for (const OwnStore& own : own_stores_) {
    if (own.id == 0) continue;
    nlohmann::json metrics = nlohmann::json::object();
    for (const char* name : {"ranges", "ranges.unavailable", "ranges.underreplicated", "replicas",
                             "replicas.leaseholders", "livebytes", "capacity", "capacity.available",
                             "capacity.used"}) {
      metrics[name] = gauges_.value(name, own.id);
    }
    stores.push_back({{"store", own.id}, {"attributes", own.attributes}, {"metrics", metrics}});
  }
  nlohmann::json activity = nlohmann::json::object();
  for (const auto& [peer, link] : rpc_links()) {
    activity[std::to_string(peer)] = {{"latency", static_cast<std::int64_t>(link->latency())}};
  }
  const nlohmann::json row = {{"updated_at", now_},
                              {"started_at", started_at_},
                              {"address", config_.address},
                              {"locality", config_.locality},
                              {"server_version", profile().server_version},
                              {"build_tag", profile().tag_text()},
                              {"go_version", profile().go_version},
                              {"activity", activity},
                              {"stores", stores}};
  KvRequest request;
  request.range = kStatusRange;
  request.op = KvOp::write;
  request.puts = {{row_key("status", self_), row.dump(), "*"}};
  router_.call(request, {}, now_ + timing_.metrics_interval());
}

// Every server keeps a few system ranges busy; so their leases move soon after their
// holder's death although no client asks.
void Node::step_traffic() {
  if (now_ < traffic_at_) return;
  traffic_at_ = now_ + timing_.of(5);
  constexpr RangeNumber kBusy[] = {kSqlLivenessRange, kTimeSeriesRange, kSqlLivenessRange,
                                   kJobsRange};
  KvRequest request;
  request.range = kBusy[traffic_turn_++ % std::size(kBusy)];
  request.op = KvOp::lease;
  router_.call(request, {}, now_ + timing_.of(20));
}

void Node::step_users() {
  const bool ending = users_known_until_ != 0 && users_known_until_ - now_ < timing_.of(60);
  if (!ending || users_asked_) return;
  users_asked_ = true;
  KvRequest request;
  request.range = kSystemConfigRange;
  request.keys = {"user/"};
  router_.call(
      request,
      [this](const KvReply* reply) {
        users_asked_ = false;
        if (reply != nullptr) know_users();
      },
      now_ + timing_.of(10));
}

// A replica that was moved elsewhere while this node was down is still here; meta2
// says so.
void Node::collect_garbage() {
  const bool young = now_ - started_at_ < timing_.of(60);
  garbage_at_ = now_ + timing_.of(young ? 5 : 60);
  router_.refresh([this] {
    std::vector<RangeNumber> gone;
    for (const auto& [range, replica] : replicas_) {
      const auto known = router_.route(range);
      if (!known || known->generation < replica->descriptor().generation) continue;
      if (std::ranges::find(known->replicas, self_) == known->replicas.end()) gone.push_back(range);
    }
    for (const RangeNumber range : gone) drop_replica(range);
  });
}

}  // namespace faultline::sim::cluster
