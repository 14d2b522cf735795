#include "simulator/cluster/router.hpp"

namespace faultline::sim::cluster {

std::uint64_t Router::call(KvRequest request, Done done, Time give_up_at, bool fails_fast) {
  const std::uint64_t id = ++last_id_;
  request.id = id;
  request.from = host_.self();
  Call& call = calls_[id];
  call.request = std::move(request);
  call.done = std::move(done);
  call.started_at = host_.now();
  call.give_up_at = give_up_at;
  call.fails_fast = fails_fast;
  attempt(call);
  return id;
}

void Router::cancel(std::uint64_t id) { calls_.erase(id); }

void Router::learn(const Descriptor& descriptor) {
  Route& route = routes_[descriptor.range];
  if (descriptor.generation >= route.descriptor.generation) route.descriptor = descriptor;
}

std::optional<Descriptor> Router::route(RangeNumber range) const {
  const auto it = routes_.find(range);
  if (it == routes_.end()) return std::nullopt;
  return it->second.descriptor;
}

std::vector<Descriptor> Router::routes() const {
  std::vector<Descriptor> all;
  for (const auto& [range, route] : routes_) all.push_back(route.descriptor);
  return all;
}

// What this node holds itself, or gossip says of the first range, needs no meta2.
void Router::load(RangeNumber range) {
  if (const auto local = host_.local_descriptor(range)) learn(*local);
  if (range != 1) return;
  if (const auto first = host_.first_range()) learn(*first);
}

NodeNumber Router::choose(const Call& call, const Route& route) const {
  const auto usable = [&](NodeNumber node) {
    return node != 0 && !call.tried.contains(node) &&
           (node == host_.self() || host_.reachable(node));
  };
  if (usable(route.holder)) return route.holder;
  for (const NodeNumber node : route.descriptor.replicas) {
    if (node == host_.self() && usable(node)) return node;
  }
  for (const NodeNumber node : route.descriptor.replicas) {
    if (usable(node)) return node;
  }
  return 0;
}

void Router::attempt(Call& call) {
  const Time now = host_.now();
  load(call.request.range);
  const auto it = routes_.find(call.request.range);
  if (it == routes_.end()) {
    call.target = 0;
    call.next_at = now + host_.timing().of(0.3);
    if (call.request.range != 1) refresh({});
    return;
  }
  call.target = choose(call, it->second);
  if (call.target == 0) {
    // Nobody left to ask: a moment later the list may have changed.
    call.tried.clear();
    call.next_at = now + host_.timing().of(0.2);
    return;
  }
  call.sent_at = now;
  host_.send_request(call.target, call.request);
}

void Router::receive(NodeNumber from, const KvReply& reply) {
  const auto it = calls_.find(reply.id);
  if (it == calls_.end()) return;
  Call& call = it->second;
  Route& route = routes_[call.request.range];
  switch (reply.status) {
    case KvStatus::not_leaseholder:
    case KvStatus::not_here:
      call.tried.insert(from);
      if (reply.status == KvStatus::not_leaseholder) {
        route.holder = reply.hint;
      } else {
        if (route.holder == from) route.holder = 0;
        if (call.request.range != 1) refresh({});
      }
      // A hint to somebody already asked would go round in circles at full speed.
      call.target = 0;
      call.next_at = call.tried.contains(route.holder) ? host_.now() + host_.timing().of(0.1) : 0;
      if (call.next_at != 0) call.tried.clear();
      if (call.next_at == 0) attempt(call);
      return;
    case KvStatus::unavailable:
      if (!call.fails_fast) {
        call.target = 0;
        call.next_at = host_.now() + host_.timing().of(1);
        return;
      }
      [[fallthrough]];
    case KvStatus::done:
    case KvStatus::conflict: {
      route.holder = from;
      const Done done = std::move(call.done);
      const KvReply answer = reply;
      calls_.erase(it);
      if (done) done(&answer);
      return;
    }
  }
}

void Router::refresh(std::function<void()> done) {
  if (done) refreshed_.push_back(std::move(done));
  if (refresh_call_ != 0) return;
  KvRequest request;
  request.range = 1;
  request.prefix = "meta2/";
  refresh_call_ = last_id_ + 1;
  call(request, [this](const KvReply* reply) {
    refresh_call_ = 0;
    if (reply == nullptr) return;
    for (const auto& [key, value] : reply->rows) {
      if (const auto descriptor = decode_descriptor(value)) learn(*descriptor);
    }
    std::vector<std::function<void()>> waiting;
    waiting.swap(refreshed_);
    for (const auto& waiter : waiting) waiter();
  });
}

void Router::step() {
  const Time now = host_.now();
  std::vector<std::uint64_t> ids;
  for (const auto& [id, call] : calls_) ids.push_back(id);
  for (const std::uint64_t id : ids) {
    const auto it = calls_.find(id);
    if (it == calls_.end()) continue;
    Call& call = it->second;
    if (call.give_up_at != 0 && now >= call.give_up_at) {
      const Done done = std::move(call.done);
      calls_.erase(it);
      if (done) done(nullptr);
      continue;
    }
    const bool silent =
        call.target != 0 && (now - call.sent_at > host_.timing().of(4) ||
                             (call.target != host_.self() && !host_.reachable(call.target)));
    if (silent) {
      call.tried.insert(call.target);
      attempt(call);
    } else if (call.target == 0 && now >= call.next_at) {
      attempt(call);
    }
  }
}

std::size_t Router::slow_count() const {
  std::size_t count = 0;
  for (const auto& [id, call] : calls_) {
    if (host_.now() - call.started_at > host_.timing().slow_request()) ++count;
  }
  return count;
}

}  // namespace faultline::sim::cluster
