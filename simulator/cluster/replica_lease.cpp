// How a replica gets, keeps and loses the lease; the data path is replica.cpp.
#include <algorithm>

#include "simulator/cluster/replica.hpp"

namespace faultline::sim::cluster {

bool Replica::lease_valid(const Lease& lease) const {
  if (lease.holder == 0) return false;
  if (lease.epoch == 0) return lease.expiration > host_.now();
  if (host_.timing().profile().leader_leases()) return leader_lease_valid(lease);
  const auto record = host_.liveness(lease.holder);
  return record && record->epoch == lease.epoch && record->expiration > host_.now();
}

// A leader lease stands as long as a majority of the replicas vouch for the leader, for
// which they need each other and not the liveness range. The leader stops relying on
// support before the others withdraw it.
bool Replica::leader_lease_valid(const Lease& lease) const {
  const Descriptor& range = descriptor();
  if (lease.holder != host_.self()) {
    return host_.supports(lease.holder, range.store_on(lease.holder));
  }
  const auto& replicas = range.replicas;
  const auto support = std::ranges::count_if(
      replicas, [&](NodeNumber node) { return host_.supported_by(node, range.store_on(node)); });
  return support * 2 > static_cast<std::ptrdiff_t>(replicas.size());
}

bool Replica::serves() const {
  return role_ == Role::leader && lease().holder == host_.self() && lease_valid(lease()) &&
         given_away_ != lease().sequence;
}

Lease Replica::new_lease() const {
  Lease lease;
  lease.holder = host_.self();
  lease.sequence = best_.state.lease.sequence + 1;
  if (best_.state.lease.epoch == 0 && best_.state.descriptor.range <= 2) {
    lease.expiration = host_.now() + host_.timing().lease_ttl();
    return lease;
  }
  const auto own = host_.liveness(host_.self());
  lease.epoch = own ? own->epoch : 0;
  if (host_.timing().profile().leader_leases())
    lease.epoch = std::max<std::int64_t>(lease.epoch, 1);
  return lease;
}

void Replica::touch() {
  if (!wants_lease_ && parked_.empty()) waiting_since_ = host_.now();
  wants_lease_ = true;
}

// A range that was asleep notices a dead leader only once somebody wants something
// of it, and then waits an election timeout: recorded as 2-4 s beyond the first touch.
bool Replica::leader_lost() {
  const NodeNumber leader = lease().holder;
  if (leader == 0 || leader == host_.self() || host_.reachable(leader)) {
    leader_lost_at_ = 0;
    return true;
  }
  if (leader_lost_at_ == 0) {
    leader_lost_at_ = host_.now();
    const double timeout = host_.timing().profile().election_s;
    leader_patience_ = host_.timing().of(timeout * (0.5 + 2.0 / 3.0 * host_.random()));
  }
  return host_.now() - leader_lost_at_ >= leader_patience_;
}

void Replica::want_lease() {
  if (role_ == Role::candidate || role_ == Role::establishing) return;
  const bool patient = leader_lost();
  const bool leader_leases = host_.timing().profile().leader_leases();
  if (descriptor().range > 2 && !leader_leases) {
    // Without being live itself no node can hold an epoch lease.
    const auto own = host_.liveness(host_.self());
    if (!own || own->expiration <= host_.now()) return;
  }
  if (lease().holder != host_.self() && lease_valid(lease())) {
    wants_lease_ = false;
    return;
  }
  if (!leader_leases && lease().holder != host_.self() && lease().holder != 0 &&
      lease().epoch != 0) {
    const auto record = host_.liveness(lease().holder);
    if (record && record->epoch == lease().epoch) {
      host_.bump_epoch(lease().holder, lease().epoch);
      return;
    }
  }
  if (!patient || host_.now() < election_allowed_) return;
  start_election(0);
}

void Replica::start_election(std::uint64_t consented_sequence) {
  consented_ = consented_sequence;
  role_ = Role::candidate;
  ballot_ = Ballot{std::max(copy_.promised.round, ballot_.round) + 1, host_.self()};
  copy_.promised = ballot_;
  Change nothing;
  host_.persist(copy_, &nothing);
  best_ = copy_;
  votes_ = {host_.self()};
  election_sent_ = 0;
  send_prepares();
  win();
}

void Replica::send_prepares() {
  election_sent_ = host_.now();
  for (const auto& replicas : {descriptor().replicas, best_.state.descriptor.replicas}) {
    for (const NodeNumber node : replicas) {
      if (!votes_.contains(node)) host_.send(node, Prepare{descriptor().range, ballot_});
    }
  }
}

void Replica::receive(NodeNumber from, const Prepare& message) {
  Promise answer{message.range, message.ballot, copy_.promised, false, {}};
  if (message.ballot >= copy_.promised) {
    if (role_ != Role::follower && message.ballot > ballot_) step_down();
    copy_.promised = message.ballot;
    Change nothing;
    host_.persist(copy_, &nothing);
    answer.granted = true;
    answer.promised = copy_.promised;
    answer.copy = copy_;
  }
  host_.send(from, answer);
}

void Replica::receive(NodeNumber from, const Promise& message) {
  if (role_ != Role::candidate || message.ballot != ballot_) return;
  if (!message.granted) {
    // Somebody else stands too: wait a random moment, then look again who won.
    ballot_.round = std::max(ballot_.round, message.promised.round);
    role_ = Role::follower;
    election_allowed_ = host_.now() + host_.timing().of(0.05 + 0.25 * host_.random());
    return;
  }
  votes_.insert(from);
  if (std::pair(message.copy.accepted, message.copy.index) >
      std::pair(best_.accepted, best_.index)) {
    best_ = message.copy;
  }
  win();
}

void Replica::win() {
  if (role_ != Role::candidate) return;
  if (!majority(votes_, descriptor().replicas)) return;
  if (!majority(votes_, best_.state.descriptor.replicas)) return send_prepares();
  const Lease& found = best_.state.lease;
  const bool taken = found.holder != host_.self() && lease_valid(found);
  const bool consented = consented_ != 0 && found.sequence == consented_;
  if (taken && !consented) {
    role_ = Role::follower;
    copy_.state = best_.state;
    copy_.accepted = best_.accepted;
    copy_.index = best_.index;
    host_.persist(copy_, nullptr);
    wants_lease_ = false;
    return;
  }
  Lease mine = new_lease();
  if (mine.epoch == 0 && mine.expiration == 0) return step_down();
  role_ = Role::establishing;
  unsettled_descriptor_ =
      unsettled_descriptor_ || best_.state.descriptor.generation > descriptor().generation;
  copy_.state = best_.state;
  copy_.state.lease = mine;
  copy_.accepted = ballot_;
  copy_.index = best_.index + 1;
  host_.persist(copy_, nullptr);
  match_.clear();
  inflight_ = Proposal{{}, descriptor().replicas, {host_.self()}, {}, 0, {}};
  inflight_->change.sets_lease = true;
  proposed_at_ = host_.now();
  spread();
  check_commit();
}

void Replica::lead() {
  role_ = Role::leader;
  wants_lease_ = false;
  leader_lost_at_ = 0;
  given_away_ = 0;
  host_.lease_result(descriptor().range, true);
  host_.committed(copy_, nullptr);
  if (unsettled_descriptor_) {
    // Replicas were moved by a leader that did not live to see it: meta2 does not know yet.
    unsettled_descriptor_ = false;
    Change adopted;
    adopted.sets_descriptor = true;
    adopted.descriptor = descriptor();
    host_.committed(copy_, &adopted);
  }
  serve_parked();
}

// What was queued goes back to waiting: its senders may still be there, and the
// conditions were judged against a state that is no longer ours to judge.
void Replica::step_down() {
  role_ = Role::follower;
  if (inflight_ && inflight_->origin) park(*inflight_->origin);
  inflight_.reset();
  for (const Proposal& proposal : queue_) {
    if (proposal.origin) park(*proposal.origin);
  }
  queue_.clear();
}

void Replica::receive(NodeNumber /*from*/, const TakeLease& message) {
  if (role_ == Role::leader || lease().sequence != message.sequence) return;
  const auto own = host_.liveness(host_.self());
  const bool live = own && own->expiration > host_.now();
  if (!own || own->draining || !(live || host_.timing().profile().leader_leases())) return;
  start_election(message.sequence);
}

void Replica::extend_expiration() {
  if (role_ != Role::leader || inflight_ || !queue_.empty() || lease().epoch != 0) return;
  if (lease().holder != host_.self() || given_away_ == lease().sequence) return;
  if (lease().expiration - host_.now() > host_.timing().lease_ttl() / 2) return;
  Proposal extension;
  extension.change.sets_lease = true;
  extension.change.lease = lease();
  extension.change.lease.expiration = host_.now() + host_.timing().lease_ttl();
  propose(std::move(extension));
}

}  // namespace faultline::sim::cluster
