#include "simulator/cluster/allocator.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "simulator/cluster/layout.hpp"

namespace faultline::sim::cluster {
namespace {

constexpr const char* kDecommissioning = "store decommissioning";

bool contains(const std::vector<NodeNumber>& nodes, NodeNumber node) {
  return std::ranges::find(nodes, node) != nodes.end();
}

std::vector<NodeNumber> without(std::vector<NodeNumber> nodes, NodeNumber node) {
  std::erase(nodes, node);
  return nodes;
}

}  // namespace

std::int64_t needed_voters(std::int64_t factor, std::int64_t nodes) {
  const std::int64_t needed = std::min(factor, std::max<std::int64_t>(nodes, 1));
  return needed % 2 == 0 ? needed - 1 : needed;
}

StoreLoad* Allocator::store(NodeNumber node) {
  const auto it = stores_.find(node);
  return it == stores_.end() ? nullptr : &it->second;
}

// Gossip lags behind what this node has just done; its own estimate stands until the
// other's numbers move, or ten actions in a row would all go to the same node.
void Allocator::refresh() {
  std::map<NodeNumber, StoreLoad> heard;
  for (const StoreLoad& load : host_.stores()) heard[load.node] = load;
  for (auto& [node, load] : heard) {
    const auto before = seen_.find(node);
    const bool moved = before == seen_.end() || before->second.ranges != load.ranges ||
                       before->second.leases != load.leases;
    StoreLoad next = load;
    if (!moved && stores_.contains(node)) {
      next.ranges = stores_[node].ranges;
      next.leases = stores_[node].leases;
    }
    stores_[node] = next;
  }
  seen_ = std::move(heard);
}

void Allocator::step(bool draining) {
  const Time now = host_.now();
  if (now < std::min({replicate_at_, lease_at_, scan_at_})) return;
  refresh();
  if (draining) {
    if (now >= lease_at_) {
      lease_at_ = now + host_.timing().of(0.1);
      drain();
    }
    return;
  }
  if (!host_.live(host_.self())) return;
  if (now >= replicate_at_) {
    replicate_at_ = now + host_.timing().of(0.1);
    const bool quick_only = now < repair_at_;
    // Round robin over the ranges, one change per turn.
    auto& replicas = host_.replicas();
    auto it = replicas.upper_bound(turn_);
    for (std::size_t looked = 0; looked < replicas.size(); ++looked, ++it) {
      if (it == replicas.end()) it = replicas.begin();
      turn_ = it->first;
      if (it->second->serves() && replicate(*it->second, quick_only)) break;
    }
  }
  if (now >= lease_at_) rebalance_leases();
  if (now >= scan_at_) {
    scan_at_ = now + host_.timing().of(8);
    scan();
  }
}

NodeNumber Allocator::lightest(const std::vector<NodeNumber>& except, const Zone& zone) const {
  const StoreLoad* best = nullptr;
  for (const auto& [node, load] : stores_) {
    if (!load.live || load.draining || load.leaving || contains(except, node)) continue;
    if (node != host_.self() && !host_.reachable(node)) continue;
    if (!host_.in_zone(node, zone)) continue;
    if (best == nullptr || load.ranges < best->ranges) best = &load;
  }
  return best == nullptr ? 0 : best->node;
}

NodeNumber Allocator::heaviest(const std::vector<NodeNumber>& among) const {
  NodeNumber best = 0;
  std::int64_t most = -1;
  for (const NodeNumber node : among) {
    const auto it = stores_.find(node);
    if (it != stores_.end() && it->second.ranges > most) {
      most = it->second.ranges;
      best = node;
    }
  }
  return best;
}

NodeNumber Allocator::misplaced(const std::vector<NodeNumber>& replicas, const Zone& zone) const {
  NodeNumber found = 0;
  for (const NodeNumber node : replicas) {
    if (host_.in_zone(node, zone)) continue;
    if (found == 0 || found == host_.self()) found = node;
  }
  return found;
}

std::int64_t Allocator::needed(const Replica& replica, const Zone& zone) const {
  return needed_voters(zone.replicas > 0 ? zone.replicas : replica.descriptor().factor, staying());
}

std::optional<Allocator::Choice> Allocator::choose(const Replica& replica) {
  const auto& replicas = replica.descriptor().replicas;
  const auto size = static_cast<std::int64_t>(replicas.size());
  const Zone zone = host_.zone(replica.descriptor().range);
  const auto needed = this->needed(replica, zone);
  const NodeNumber candidate = lightest(replicas, zone);
  const NodeNumber stray = misplaced(replicas, zone);
  NodeNumber dead = 0, leaving = 0;
  for (const NodeNumber node : replicas) {
    const StoreLoad* load = store(node);
    if (load != nullptr && load->dead) dead = node;
    if (load != nullptr && load->leaving) leaving = node;
  }
  const NodeNumber gone = dead != 0 ? dead : leaving;
  const char* why = dead != 0 ? "range under-replicated" : kDecommissioning;
  std::vector<NodeNumber> grown = replicas;
  if (candidate != 0) grown.push_back(candidate);
  if (size < needed && candidate != 0) {
    return Choice{grown, candidate, 0, "range under-replicated"};
  }
  if (gone != 0 && candidate != 0 && size <= needed) {
    return Choice{without(grown, gone), candidate, gone, why};
  }
  if (stray != 0 && candidate != 0 && size <= needed)
    return Choice{grown, candidate, 0, "rebalance"};
  if (size > needed) {
    const NodeNumber spare = stray != 0 ? stray : heaviest(without(replicas, host_.self()));
    const NodeNumber victim = gone != 0 ? gone : spare;
    const bool leaves = victim == leaving && dead == 0;
    const char* reason = leaves ? kDecommissioning : "range over-replicated";
    if (victim != 0) return Choice{without(replicas, victim), 0, victim, reason};
  }
  const NodeNumber fullest = heaviest(without(replicas, host_.self()));
  if (dead == 0 && candidate != 0 && fullest != 0 && store(fullest)->live &&
      store(fullest)->ranges - store(candidate)->ranges > 4) {
    return Choice{without(grown, fullest), candidate, fullest, "rebalance"};
  }
  return std::nullopt;
}

bool Allocator::replicate(Replica& replica, bool quick_only) {
  const auto choice = choose(replica);
  if (!choice) return false;
  if (choice->removed == host_.self()) {
    // It leads this range: the next leader takes it out.
    const NodeNumber taker = lease_taker(replica);
    if (taker != 0) give_lease(replica, taker);
    return taker != 0;
  }
  // A new cluster fills up quickly; repairs and rebalancing move snapshots, one range
  // every 1-3 s as recorded.
  const bool leaving = choice->reason == kDecommissioning;
  const bool quick = !leaving && (choice->removed == 0 || choice->added == 0);
  if (!quick && quick_only) return false;
  if (!replica.change_replicas(choice->replicas)) return false;
  // Recorded of five nodes: a decommissioned one loses about one replica a second.
  const double least = leaving ? 3.0 : 1.0;
  const double spread = leaving ? 3.0 : 2.0;
  if (!quick) repair_at_ = host_.now() + host_.timing().of(least + spread * host_.random());
  if (choice->added != 0) {
    ++stores_[choice->added].ranges;
    gauges_.add("range.adds", choice->removed != 0 ? 2 : 1);
    gauges_.add("range.snapshots.generated");
    gauges_.add("queue.replicate.addreplica");
  }
  if (choice->removed != 0) {
    --stores_[choice->removed].ranges;
    gauges_.add("range.removes", choice->added != 0 ? 2 : 1);
    gauges_.add("queue.replicate.removereplica");
  }
  if (choice->reason == "rebalance") gauges_.add("queue.replicate.rebalancereplica");
  gauges_.add("queue.replicate.process.success");
  log_change(replica.descriptor().range, *choice);
  return true;
}

std::int64_t Allocator::staying() const {
  return std::ranges::count_if(stores_, [](const auto& entry) { return !entry.second.leaving; });
}

NodeNumber Allocator::lease_taker(const Replica& replica) {
  NodeNumber to = 0;
  std::int64_t fewest = 0;
  for (const NodeNumber node : replica.descriptor().replicas) {
    const StoreLoad* load = store(node);
    if (node == host_.self() || load == nullptr || !load->live || load->draining) continue;
    if (load->leaving || !host_.reachable(node)) continue;
    if (to == 0 || load->leases < fewest) {
      to = node;
      fewest = load->leases;
    }
  }
  return to;
}

void Allocator::log_change(RangeNumber range, const Choice& choice) {
  if (choice.added != 0) log_row(range, "add_voter", choice.added, choice.reason, choice.added);
  if (choice.removed != 0) {
    log_row(range, "remove_voter", choice.removed, choice.reason, choice.added);
    if (choice.added != 0) {
      log_row(range, "remove_voter", choice.removed, "abandoned learner replica", 0);
    }
  }
}

void Allocator::log_row(RangeNumber range, const std::string& event, NodeNumber store_id,
                        const std::string& reason, NodeNumber other) {
  nlohmann::json info = {{"Reason", reason}};
  const StoreLoad* target = store(other);
  if (target != nullptr) {
    info["Details"] =
        "{\"Target\":\"s" + std::to_string(other) +
        ", diversity:0.67, converges:0, balance:0, rangeCount:" + std::to_string(target->ranges) +
        "\"}";
  }
  info[event == "add_voter" ? "AddReplica" : "RemovedReplica"] = {{"node_id", store_id},
                                                                  {"store_id", store_id}};
  const std::int64_t unique = (host_.now() / 1000) * 1024 + host_.self() * 32 +
                              static_cast<std::int64_t>(log_count_++ % 32);
  const nlohmann::json row = {{"ts", host_.now() / 1000}, {"range", range},
                              {"store", host_.self()},    {"event", event},
                              {"info", info.dump()},      {"unique", unique}};
  KvRequest request;
  request.range = kRangeLogRange;
  request.op = KvOp::write;
  request.puts = {{"log/" + std::to_string(unique), row.dump(), "*"}};
  host_.call(request, {}, host_.now() + host_.timing().of(30));
}

void Allocator::give_lease(Replica& replica, NodeNumber target) {
  KvRequest request;
  request.range = replica.descriptor().range;
  request.op = KvOp::transfer;
  request.target = target;
  host_.call(request, {}, host_.now() + host_.timing().of(5));
  if (StoreLoad* load = store(target)) ++load->leases;
  if (StoreLoad* own = store(host_.self())) --own->leases;
  gauges_.add("leases.transfers.success");
  gauges_.add("range.raftleadertransfers");
}

void Allocator::rebalance_leases() {
  const Time now = host_.now();
  std::int64_t total = 0, nodes = 0;
  for (const auto& [node, load] : stores_) {
    if (!load.live) continue;
    total += load.leases;
    ++nodes;
  }
  const StoreLoad* own = store(host_.self());
  lease_at_ = now + host_.timing().of(1);
  if (own == nullptr || nodes < 2) return;
  const double mean = static_cast<double>(total) / static_cast<double>(nodes);
  const auto held = static_cast<double>(own->leases);
  if (held < mean + std::max(2.0, mean * 0.1)) return;
  // A very uneven cluster is a new one: move quickly, or a demo waits a minute.
  lease_at_ = now + host_.timing().of(held > 1.5 * mean ? 0.2 : 1.0);
  Replica* pick = nullptr;
  NodeNumber to = 0;
  std::int64_t fewest = own->leases - 1;
  for (const auto& [range, replica] : host_.replicas()) {
    if (!replica->serves()) continue;
    for (const NodeNumber node : replica->descriptor().replicas) {
      const StoreLoad* load = store(node);
      if (node == host_.self() || load == nullptr || !load->live || load->draining) continue;
      if (!load->leaving && load->leases < fewest && host_.reachable(node)) {
        fewest = load->leases;
        pick = replica.get();
        to = node;
      }
    }
  }
  if (pick != nullptr) give_lease(*pick, to);
}

void Allocator::drain() {
  for (const auto& [range, replica] : host_.replicas()) {
    if (!replica->serves()) continue;
    const NodeNumber to = lease_taker(*replica);
    if (to != 0) give_lease(*replica, to);
  }
}

std::int64_t Allocator::leases_held() {
  return std::ranges::count_if(host_.replicas(),
                               [](const auto& entry) { return entry.second->serves(); });
}

// The node's own traffic touches a range now and then, so that leases of a dead node
// trickle away even when no client asks; and once the node counts as dead, the first
// live replica takes the lease, because only a leaseholder can repair.
void Allocator::scan() {
  auto& replicas = host_.replicas();
  bool trickled = false;
  auto it = replicas.upper_bound(scan_turn_);
  purgatory_ = 0;
  for (std::size_t looked = 0; looked < replicas.size(); ++looked, ++it) {
    if (it == replicas.end()) it = replicas.begin();
    Replica& replica = *it->second;
    bool has_dead = false;
    for (const NodeNumber node : replica.descriptor().replicas) {
      const StoreLoad* load = store(node);
      has_dead = has_dead || (load != nullptr && load->dead);
    }
    if (replica.serves()) {
      const auto& descriptor = replica.descriptor();
      if (has_dead && lightest(descriptor.replicas, host_.zone(descriptor.range)) == 0) {
        ++purgatory_;
        gauges_.add("queue.replicate.process.failure");
      }
      continue;
    }
    if (replica.lease_valid(replica.lease())) continue;
    if (has_dead || !trickled) {
      replica.touch();
      if (!has_dead) scan_turn_ = it->first;
      trickled = trickled || !has_dead;
    }
  }
}

StoreCount Allocator::count() {
  refresh();
  StoreCount found;
  const bool self_live = host_.live(host_.self());
  for (const auto& [range, replica] : host_.replicas()) {
    ++found.replicas;
    for (const auto& [key, value] : replica->copy().state.rows) {
      found.bytes += static_cast<std::int64_t>(key.size() + value.size());
    }
    if (replica->leads()) ++found.leaders;
    const bool holds = replica->serves();
    if (holds) {
      ++found.leaseholders;
      ++(replica->lease().epoch == 0 ? found.expiration_leases : found.epoch_leases);
    }
    // Counted by the live leaseholder, else by the first live replica: so a node that
    // is not live in its own eyes counts nothing, which is the false zero.
    const auto& replicas = replica->descriptor().replicas;
    std::int64_t live = 0;
    NodeNumber first_live = 0;
    for (const NodeNumber node : replicas) {
      if (!host_.live(node)) continue;
      ++live;
      if (first_live == 0) first_live = node;
    }
    const NodeNumber holder = replica->lease().holder;
    const bool holder_live = contains(replicas, holder) && host_.live(holder);
    if (!self_live || (holder_live ? !holds : first_live != host_.self())) continue;
    ++found.ranges;
    const auto needed = this->needed(*replica, host_.zone(range));
    const auto size = static_cast<std::int64_t>(replicas.size());
    if (live * 2 <= size) ++found.unavailable;
    if (live < needed) ++found.underreplicated;
    if (size > needed) ++found.overreplicated;
  }
  return found;
}

}  // namespace faultline::sim::cluster
