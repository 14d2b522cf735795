// The allocator's lease half: who takes a lease, when leases are evened out, and draining.
#include <algorithm>

#include "simulator/cluster/allocator.hpp"

namespace faultline::sim::cluster {

const StoreLoad* Allocator::lease_taker(const Replica& replica) const {
  const StoreLoad* to = nullptr;
  for (const NodeNumber node : replica.descriptor().replicas) {
    const StoreLoad* load = store_on(replica.descriptor(), node);
    if (node == host_.self() || load == nullptr || !can_take(*load)) continue;
    if (to == nullptr || load->leases < to->leases) to = load;
  }
  return to;
}

void Allocator::give_lease(Replica& replica, const StoreLoad& target) {
  KvRequest request;
  request.range = replica.descriptor().range;
  request.op = KvOp::transfer;
  request.target = target.node;
  host_.call(request, {}, host_.now() + host_.timing().of(5));
  const StoreNumber here = replica.descriptor().store_on(host_.self());
  ++stores_[target.store].leases;
  if (store(here) != nullptr) --stores_[here].leases;
  gauges_.add("leases.transfers.success", here);
  gauges_.add("range.raftleadertransfers", here);
}

const StoreLoad* Allocator::fullest_own() const {
  const StoreLoad* fullest = nullptr;
  for (const auto& [id, load] : stores_) {
    if (load.node != host_.self()) continue;
    if (fullest == nullptr || load.leases > fullest->leases) fullest = &load;
  }
  return fullest;
}

void Allocator::rebalance_leases() {
  const Time now = host_.now();
  std::int64_t total = 0, live = 0;
  for (const auto& [id, load] : stores_) {
    if (!load.live) continue;
    total += load.leases;
    ++live;
  }
  const StoreLoad* own = fullest_own();
  lease_at_ = now + host_.timing().of(1);
  if (own == nullptr || live < 2) return;
  const double mean = static_cast<double>(total) / static_cast<double>(live);
  const auto held = static_cast<double>(own->leases);
  if (held < mean + std::max(2.0, mean * 0.1)) return;
  // A very uneven cluster is a new one: move quickly, or a demo waits a minute.
  lease_at_ = now + host_.timing().of(held > 1.5 * mean ? 0.2 : 1.0);
  Replica* pick = nullptr;
  const StoreLoad* to = nullptr;
  for (const auto& [range, replica] : host_.replicas()) {
    if (!replica->serves() || store_on(replica->descriptor(), host_.self()) != own) continue;
    const StoreLoad* taker = lease_taker(*replica);
    if (taker == nullptr || taker->leases >= (to == nullptr ? own->leases - 1 : to->leases))
      continue;
    pick = replica.get();
    to = taker;
  }
  if (pick != nullptr) give_lease(*pick, *to);
}

void Allocator::drain() {
  for (const auto& [range, replica] : host_.replicas()) {
    if (!replica->serves()) continue;
    const StoreLoad* to = lease_taker(*replica);
    if (to != nullptr) give_lease(*replica, *to);
  }
}

std::int64_t Allocator::leases_held() const {
  return std::ranges::count_if(host_.replicas(),
                               [](const auto& entry) { return entry.second->serves(); });
}

std::int64_t Allocator::leases_held(StoreNumber store) const {
  return std::ranges::count_if(host_.replicas(), [&](const auto& entry) {
    const Replica& replica = *entry.second;
    return replica.serves() && replica.descriptor().store_on(host_.self()) == store;
  });
}

}  // namespace faultline::sim::cluster
