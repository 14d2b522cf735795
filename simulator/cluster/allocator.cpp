#include "simulator/cluster/allocator.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <nlohmann/json.hpp>

#include "simulator/cluster/layout.hpp"

namespace faultline::sim::cluster {
namespace {

constexpr const char* kDecommissioning = "store decommissioning";

}  // namespace

std::int64_t needed_voters(std::int64_t factor, std::int64_t nodes) {
  const std::int64_t needed = std::min(factor, std::max<std::int64_t>(nodes, 1));
  return needed % 2 == 0 ? needed - 1 : needed;
}

std::int64_t nodes_of(const std::vector<StoreLoad>& stores, bool (*counts)(const StoreLoad&)) {
  std::set<NodeNumber> nodes;
  for (const StoreLoad& each : stores) {
    if (counts(each)) nodes.insert(each.node);
  }
  return std::ssize(nodes);
}

const StoreLoad* Allocator::store(StoreNumber id) const {
  const auto it = stores_.find(id);
  return it == stores_.end() ? nullptr : &it->second;
}

// Gossip lags behind what this node has just done; its own estimate stands until the
// other's numbers move, or ten actions in a row would all go to the same store.
void Allocator::refresh() {
  std::map<StoreNumber, StoreLoad> heard;
  for (const StoreLoad& load : host_.stores()) heard[load.store] = load;
  for (auto& [id, load] : heard) {
    const auto before = seen_.find(id);
    const bool moved = before == seen_.end() || before->second.ranges != load.ranges ||
                       before->second.leases != load.leases;
    StoreLoad next = load;
    if (!moved && stores_.contains(id)) {
      next.ranges = stores_[id].ranges;
      next.leases = stores_[id].leases;
    }
    stores_[id] = next;
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

bool Allocator::can_take(const StoreLoad& load) const {
  return load.live && !load.draining && !load.leaving &&
         (load.node == host_.self() || host_.reachable(load.node));
}

const StoreLoad* Allocator::lightest(const Descriptor& range, NodeNumber leaves,
                                     const Zone& zone) const {
  const StoreLoad* best = nullptr;
  for (const auto& [id, load] : stores_) {
    const StoreNumber taken = range.store_on(load.node);
    if (!can_take(load) || !host_.in_zone(load.node, zone)) continue;
    if (taken == id || (taken != 0 && load.node != leaves)) continue;
    if (best == nullptr || load.ranges < best->ranges) best = &load;
  }
  return best;
}

const StoreLoad* Allocator::heaviest(const Descriptor& range) const {
  const StoreLoad* best = nullptr;
  for (const NodeNumber node : range.replicas) {
    const StoreLoad* load = store_on(range, node);
    if (node == host_.self() || load == nullptr) continue;
    if (best == nullptr || load->ranges > best->ranges) best = load;
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
  const Descriptor& range = replica.descriptor();
  const auto size = static_cast<std::int64_t>(range.replicas.size());
  const Zone zone = host_.zone(range.range);
  const auto needed = this->needed(replica, zone);
  const NodeNumber stray = misplaced(range.replicas, zone);
  const StoreLoad* dead = nullptr;
  const StoreLoad* leaving = nullptr;
  for (const NodeNumber node : range.replicas) {
    const StoreLoad* load = store_on(range, node);
    if (load != nullptr && load->dead) dead = load;
    if (load != nullptr && load->leaving) leaving = load;
  }
  const StoreLoad* gone = dead != nullptr ? dead : leaving;
  const char* why = dead != nullptr ? "range under-replicated" : kDecommissioning;
  Choice choice{range, nullptr, nullptr, ""};
  if (size < needed) {
    choice.added = lightest(range, 0, zone);
    choice.reason = "range under-replicated";
  }
  if (choice.added == nullptr && gone != nullptr && size <= needed) {
    choice.removed = gone;
    choice.added = lightest(range, gone->node, zone);
    choice.reason = why;
    if (choice.added == nullptr) return std::nullopt;
  }
  if (choice.added == nullptr && stray != 0 && size <= needed) {
    choice.added = lightest(range, 0, zone);
    choice.reason = "rebalance";
  }
  if (size > needed) {
    const StoreLoad* spare = stray != 0 ? store_on(range, stray) : heaviest(range);
    choice.removed = gone != nullptr ? gone : spare;
    const bool leaves = choice.removed == leaving && leaving != nullptr && dead == nullptr;
    choice.reason = leaves ? kDecommissioning : "range over-replicated";
  }
  if (choice.added == nullptr && choice.removed == nullptr) {
    return dead == nullptr ? rebalance(range, zone) : std::nullopt;
  }
  if (choice.removed != nullptr) choice.next.remove(choice.removed->node);
  if (choice.added != nullptr) choice.next.place(choice.added->node, choice.added->store);
  return choice;
}

// To another node, or to the same node's emptier store: a leaseholder may move its own
// replica so.
std::optional<Allocator::Choice> Allocator::rebalance(const Descriptor& range,
                                                      const Zone& zone) const {
  std::optional<Choice> best;
  std::int64_t most = 4;
  for (const NodeNumber node : range.replicas) {
    const StoreLoad* from = store_on(range, node);
    if (from == nullptr || !from->live) continue;
    const StoreLoad* to = lightest(range, node, zone);
    if (to == nullptr || from->ranges - to->ranges <= most) continue;
    if (node == host_.self() && to->node != node) continue;
    most = from->ranges - to->ranges;
    best = Choice{range, to, from, "rebalance"};
  }
  if (!best) return best;
  best->next.remove(best->removed->node);
  best->next.place(best->added->node, best->added->store);
  return best;
}

bool Allocator::replicate(Replica& replica, bool quick_only) {
  const auto choice = choose(replica);
  if (!choice) return false;
  const StoreNumber here = replica.descriptor().store_on(host_.self());
  if (choice->next.store_on(host_.self()) == 0) {
    // It leads this range: the next leader takes it out.
    const StoreLoad* taker = lease_taker(replica);
    if (taker != nullptr) give_lease(replica, *taker);
    return taker != nullptr;
  }
  // A new cluster fills up quickly; repairs and rebalancing move snapshots, one range
  // every 1-3 s as recorded.
  const bool leaving = choice->reason == kDecommissioning;
  const bool quick = !leaving && (choice->removed == nullptr || choice->added == nullptr);
  if (!quick && quick_only) return false;
  if (!replica.change_replicas(choice->next)) return false;
  // Recorded of five nodes: a decommissioned one loses about one replica a second.
  const double least = leaving ? 3.0 : 1.0;
  const double spread = leaving ? 3.0 : 2.0;
  if (!quick) repair_at_ = host_.now() + host_.timing().of(least + spread * host_.random());
  count_change(*choice, here);
  log_change(*choice, here);
  return true;
}

void Allocator::count_change(const Choice& choice, StoreNumber here) {
  if (choice.added != nullptr) {
    ++stores_[choice.added->store].ranges;
    gauges_.add("range.adds", here, choice.removed != nullptr ? 2 : 1);
    gauges_.add("range.snapshots.generated", here);
    gauges_.add("queue.replicate.addreplica", here);
  }
  if (choice.removed != nullptr) {
    --stores_[choice.removed->store].ranges;
    gauges_.add("range.removes", here, choice.added != nullptr ? 2 : 1);
    gauges_.add("queue.replicate.removereplica", here);
  }
  if (choice.reason == "rebalance") gauges_.add("queue.replicate.rebalancereplica", here);
  gauges_.add("queue.replicate.process.success", here);
}

std::int64_t Allocator::staying() const {
  std::set<NodeNumber> nodes;
  for (const auto& [id, load] : stores_) {
    if (!load.leaving) nodes.insert(load.node);
  }
  return std::ssize(nodes);
}

void Allocator::log_change(const Choice& choice, StoreNumber here) {
  if (choice.added != nullptr) {
    log_row(choice, here, "add_voter", *choice.added, choice.reason, choice.added);
  }
  if (choice.removed == nullptr) return;
  log_row(choice, here, "remove_voter", *choice.removed, choice.reason, choice.added);
  if (choice.added != nullptr) {
    log_row(choice, here, "remove_voter", *choice.removed, "abandoned learner replica", nullptr);
  }
}

void Allocator::log_row(const Choice& choice, StoreNumber here, const std::string& event,
                        const StoreLoad& changed, const std::string& reason,
                        const StoreLoad* other) {
  nlohmann::json info = {{"Reason", reason}};
  if (other != nullptr) {
    info["Details"] =
        "{\"Target\":\"s" + std::to_string(other->store) +
        ", diversity:0.67, converges:0, balance:0, rangeCount:" + std::to_string(other->ranges) +
        "\"}";
  }
  info[event == "add_voter" ? "AddReplica" : "RemovedReplica"] = {{"node_id", changed.node},
                                                                  {"store_id", changed.store}};
  const std::int64_t unique = (host_.now() / 1000) * 1024 + host_.self() * 32 +
                              static_cast<std::int64_t>(log_count_++ % 32);
  const nlohmann::json row = {
      {"ts", host_.now() / 1000}, {"range", choice.next.range}, {"store", here},
      {"event", event},           {"info", info.dump()},        {"unique", unique}};
  KvRequest request;
  request.range = kRangeLogRange;
  request.op = KvOp::write;
  request.puts = {{"log/" + std::to_string(unique), row.dump(), "*"}};
  host_.call(request, {}, host_.now() + host_.timing().of(30));
}

// The node's own traffic touches a range now and then, so that leases of a dead node
// trickle away even when no client asks; and once the node counts as dead, the first
// live replica takes the lease, because only a leaseholder can repair.
void Allocator::scan() {
  auto& replicas = host_.replicas();
  bool trickled = false;
  auto it = replicas.upper_bound(scan_turn_);
  purgatory_.clear();
  for (std::size_t looked = 0; looked < replicas.size(); ++looked, ++it) {
    if (it == replicas.end()) it = replicas.begin();
    Replica& replica = *it->second;
    NodeNumber gone = 0;
    for (const NodeNumber node : replica.descriptor().replicas) {
      const StoreLoad* load = store_on(replica.descriptor(), node);
      if (load != nullptr && load->dead) gone = node;
    }
    if (replica.serves()) {
      const Descriptor& range = replica.descriptor();
      if (gone != 0 && lightest(range, gone, host_.zone(range.range)) == nullptr) {
        const StoreNumber here = range.store_on(host_.self());
        ++purgatory_[here];
        gauges_.add("queue.replicate.process.failure", here);
      }
      continue;
    }
    if (replica.lease_valid(replica.lease())) continue;
    if (gone != 0 || !trickled) {
      replica.touch();
      if (gone == 0) scan_turn_ = it->first;
      trickled = trickled || gone == 0;
    }
  }
}

std::map<StoreNumber, StoreCount> Allocator::count() {
  refresh();
  std::map<StoreNumber, StoreCount> all;
  const bool self_live = host_.live(host_.self());
  for (const auto& [range, replica] : host_.replicas()) {
    StoreCount& found = all[replica->descriptor().store_on(host_.self())];
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
    const bool holder_live = replica->descriptor().store_on(holder) != 0 && host_.live(holder);
    if (!self_live || (holder_live ? !holds : first_live != host_.self())) continue;
    ++found.ranges;
    const auto needed = this->needed(*replica, host_.zone(range));
    const auto size = static_cast<std::int64_t>(replicas.size());
    if (live * 2 <= size) ++found.unavailable;
    if (live < needed) ++found.underreplicated;
    if (size > needed) ++found.overreplicated;
  }
  return all;
}

}  // namespace faultline::sim::cluster
