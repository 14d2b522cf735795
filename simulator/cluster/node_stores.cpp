// A node's stores: which replica lies on which, their ids, and what gossip says of others'.
#include <algorithm>
#include <limits>

#include "simulator/cluster/layout.hpp"
#include "simulator/cluster/node.hpp"

namespace faultline::sim::cluster {

// A crash between two files can leave a replica in both, and a store that comes back may
// have one that has moved to its neighbour meanwhile: the newer one counts.
void Node::load_stores(std::vector<Disk> disks) {
  std::set<std::string> addresses;
  std::map<RangeNumber, Copy> copies;
  for (Disk& disk : disks) {
    const std::size_t at = own_stores_.size();
    own_stores_.push_back({disk.keeper, disk.saved.store, disk.attributes, disk.capacity});
    if (self_ == 0) {
      self_ = disk.saved.node;
      cluster_id_ = disk.saved.cluster_id;
    }
    addresses.insert(disk.saved.addresses.begin(), disk.saved.addresses.end());
    for (auto& [range, copy] : disk.saved.copies) {
      const auto known = copies.find(range);
      const bool newer =
          known == copies.end() || std::pair(copy.accepted, copy.index) >
                                       std::pair(known->second.accepted, known->second.index);
      const std::size_t loser = newer ? seats_[range] : at;
      if (known != copies.end()) own_stores_[loser].keeper->drop_copy(range);
      if (!newer) continue;
      seats_[range] = at;
      copies[range] = std::move(copy);
    }
  }
  saved_addresses_ = {addresses.begin(), addresses.end()};
  for (auto& [range, copy] : copies) {
    know_stores(copy.state.descriptor);
    replicas_[range] = std::make_unique<Replica>(*this, std::move(copy));
  }
}

// Before anybody is told. A replica whose range says that it lies on another store of this
// node moves there.
void Node::persist(const Copy& copy, const Change* change) {
  const Descriptor& descriptor = copy.state.descriptor;
  if (change == nullptr || change->sets_descriptor) know_stores(descriptor);
  const auto sits = seats_.find(descriptor.range);
  std::size_t seat = sits == seats_.end() ? 0 : sits->second;
  const StoreNumber store = descriptor.store_on(self_);
  const auto found = std::ranges::find(own_stores_, store, &OwnStore::id);
  if (store != 0 && found != own_stores_.end()) {
    seat = static_cast<std::size_t>(found - own_stores_.begin());
  }
  const bool moved = sits != seats_.end() && sits->second != seat;
  if (change == nullptr || moved) {
    own_stores_[seat].keeper->save_copy(copy);
  } else {
    own_stores_[seat].keeper->save_change(copy, *change);
  }
  if (moved) own_stores_[sits->second].keeper->drop_copy(descriptor.range);
  seats_[descriptor.range] = seat;
}

void Node::drop_replica(RangeNumber range) {
  replicas_.erase(range);
  own_stores_[seats_[range]].keeper->drop_copy(range);
  seats_.erase(range);
}

bool Node::owns(StoreNumber store) const {
  return std::ranges::find(own_stores_, store, &OwnStore::id) != own_stores_.end();
}

std::vector<StoreNumber> Node::store_ids() const {
  std::vector<StoreNumber> ids;
  for (const OwnStore& own : own_stores_) {
    if (own.id != 0) ids.push_back(own.id);
  }
  std::ranges::sort(ids);
  return ids;
}

StoreNumber Node::emptiest_store() const {
  StoreNumber best = 0;
  std::int64_t fewest = 0;
  for (const StoreNumber id : store_ids()) {
    const std::int64_t held = replicas_on(id);
    if (best == 0 || held < fewest) {
      best = id;
      fewest = held;
    }
  }
  return best;
}

std::int64_t Node::replicas_on(StoreNumber store) const {
  return std::ranges::count_if(
      seats_, [&](const auto& entry) { return own_stores_[entry.second].id == store; });
}

StoreNumber Node::store_of(RangeNumber range) const {
  const auto seat = seats_.find(range);
  return seat == seats_.end() ? 0 : own_stores_[seat->second].id;
}

void Node::name_store(OwnStore& own, StoreNumber id) {
  own.id = id;
  own.keeper->save_identity(self_, id, cluster_id_);
}

// The first store's id comes with the node's; those of the others, and of a store that was
// added later, the node takes from the counter itself once it serves.
void Node::step_store_ids() {
  const auto unnamed = std::ranges::count(own_stores_, StoreNumber{0}, &OwnStore::id);
  if (unnamed == 0 || store_ids_asked_) return;
  store_ids_asked_ = true;
  KvRequest request;
  request.range = kStatusRange;
  request.op = KvOp::increment;
  request.keys = {"generator/store"};
  request.amount = unnamed;
  router_.call(
      request,
      [this, unnamed](const KvReply* reply) {
        store_ids_asked_ = false;
        if (reply == nullptr) return;
        StoreNumber next = reply->number - unnamed;
        for (OwnStore& own : own_stores_) {
          if (own.id == 0) name_store(own, ++next);
        }
      },
      now_ + timing_.of(10));
}

void Node::know_stores(const Descriptor& descriptor) {
  const std::size_t size = std::min(descriptor.replicas.size(), descriptor.stores.size());
  for (std::size_t at = 0; at < size; ++at) {
    known_stores_[descriptor.stores[at]] = descriptor.replicas[at];
  }
}

// At each metrics tick, and in between when the numbers changed, once a second at most.
void Node::publish_stores(bool at_once) {
  if (!at_once && now_ < store_at_) return;
  store_at_ = now_ + timing_.of(1);
  for (OwnStore& own : own_stores_) {
    if (own.id == 0) continue;
    const StoreDescriptor next{own.id, self_, replicas_on(own.id), allocator_.leases_held(own.id)};
    if (!at_once && next.ranges == own.shown.ranges && next.leases == own.shown.leases) continue;
    own.shown = next;
    known_stores_[own.id] = self_;
    gossip_.add(row_key("store", own.id), encode_store(next), now_, timing_.store_info_ttl());
  }
}

std::vector<StoreDescriptor> Node::gossiped_stores(Time now) const {
  std::vector<StoreDescriptor> all;
  for (const Info& info : gossip_.list("store/", now)) {
    if (const auto store = decode_store(info.value)) all.push_back(*store);
  }
  return all;
}

StoreDescriptor Node::gossiped_sum(NodeNumber node, Time now) const {
  StoreDescriptor sum{0, node, 0, 0};
  for (const StoreDescriptor& each : gossiped_stores(now)) {
    if (each.node != node) continue;
    sum.ranges += each.ranges;
    sum.leases += each.leases;
  }
  return sum;
}

// A store is as live as its node, and dead with it. One that its node no longer has takes
// nothing, and is dead when gossip has been silent of it for as long as for a dead node.
std::vector<StoreLoad> Node::stores() const {
  std::vector<StoreLoad> all;
  const Time dead_after = timing_.of(dead_after_seconds());
  const auto records = livenesses();
  for (const auto& [store, node] : known_stores_) {
    const auto record = records.find(node);
    if (record == records.end() || record->second.membership == "decommissioned") continue;
    StoreLoad load;
    load.store = store;
    load.node = node;
    load.draining = record->second.draining;
    load.leaving = record->second.membership == "decommissioning";
    load.dead = record->second.expiration + dead_after - timing_.liveness_ttl() <= now_;
    const std::string key = row_key("store", store);
    const Info* info = gossip_.find(key);
    const Time heard = std::max(info == nullptr ? 0 : info->written_at, started_at_);
    load.dead = load.dead || heard + dead_after <= now_;
    load.live = live(node) && has_store(node, store, std::numeric_limits<Time>::max());
    const auto text = gossip_.value(key, now_);
    if (const auto said = text ? decode_store(*text) : std::nullopt) {
      load.ranges = said->ranges;
      load.leases = said->leases;
    }
    all.push_back(load);
  }
  return all;
}

}  // namespace faultline::sim::cluster
