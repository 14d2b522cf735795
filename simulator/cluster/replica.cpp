#include "simulator/cluster/replica.hpp"

#include <algorithm>
#include <charconv>

namespace faultline::sim::cluster {
namespace {

// A queue that a client can fill without limit would be a leak with a socket on it.
constexpr std::size_t kQueueMax = 1000;
constexpr std::size_t kParkedMax = 1000;

std::int64_t to_number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Where a range was before, told late or twice: meta2 never goes back.
bool is_older_place(const ConditionalPut& put, const std::string& actual) {
  if (actual.empty() || !put.key.starts_with("meta2/")) return false;
  const auto told = decode_descriptor(put.value);
  const auto known = decode_descriptor(actual);
  return told && known && told->generation < known->generation;
}

std::int64_t bytes_of(const RangeState& state) {
  std::int64_t bytes = 0;
  for (const auto& [key, value] : state.rows) {
    bytes += static_cast<std::int64_t>(key.size() + value.size());
  }
  return bytes;
}

}  // namespace

void Replica::request(const KvRequest& request) {
  if (tripped()) return fail_fast(request, false);
  if (serves()) return serve(request);
  if (lease().holder != host_.self() && lease_valid(lease())) {
    KvReply answer;
    answer.status = KvStatus::not_leaseholder;
    answer.hint = lease().holder;
    answer.id = request.id;
    return reply(request.from, answer);
  }
  park(request);
  want_lease();
}

void Replica::park(const KvRequest& request) {
  for (Parked& parked : parked_) {
    if (parked.request.id == request.id && parked.request.from == request.from) {
      parked.since = host_.now();
      return;
    }
  }
  if (parked_.size() >= kParkedMax) return;
  if (parked_.empty() && !wants_lease_) waiting_since_ = host_.now();
  parked_.push_back({request, host_.now()});
}

void Replica::serve_parked() {
  std::vector<Parked> waiting;
  waiting.swap(parked_);
  const Time limit = host_.now() - host_.timing().of(10);
  for (const Parked& parked : waiting) {
    if (serves()) {
      serve(parked.request);
    } else if (lease().holder != host_.self() && lease_valid(lease())) {
      request(parked.request);
    } else if (parked.since > limit && parked_.size() < kParkedMax) {
      parked_.push_back(parked);
    }
  }
}

void Replica::reply(NodeNumber to, KvReply reply) {
  reply.range = descriptor().range;
  host_.send(to, std::move(reply));
}

// A read waits for the write before it: what is not yet on a majority is not shown.
void Replica::serve(const KvRequest& request) {
  switch (request.op) {
    case KvOp::read:
    case KvOp::lease:
      if (inflight_) return park(request);
      return serve_read(request);
    case KvOp::write:
    case KvOp::increment:
    case KvOp::transfer: {
      if (inflight_ || !queue_.empty()) {
        if (queue_.size() < kQueueMax) queue_.push_back({{}, {}, {}, {}, 0, request});
        return;
      }
      if (request.op == KvOp::write) return serve_write(request);
      if (request.op == KvOp::increment) return serve_increment(request);
      return serve_transfer(request);
    }
  }
}

void Replica::serve_read(const KvRequest& request) {
  KvReply answer;
  answer.id = request.id;
  answer.hint = host_.self();
  const Rows& rows = copy_.state.rows;
  if (request.op == KvOp::lease) {
    answer.number = bytes_of(copy_.state);
    answer.store = descriptor().store_on(host_.self());
  } else if (!request.keys.empty()) {
    for (const std::string& key : request.keys) {
      const auto it = rows.find(key);
      if (it != rows.end()) answer.rows.emplace_back(it->first, it->second);
    }
  } else {
    for (auto it = rows.lower_bound(request.prefix);
         it != rows.end() && it->first.starts_with(request.prefix); ++it) {
      answer.rows.emplace_back(it->first, it->second);
    }
  }
  reply(request.from, std::move(answer));
}

void Replica::serve_write(const KvRequest& request) {
  KvReply answer;
  answer.id = request.id;
  answer.hint = host_.self();
  Proposal proposal;
  for (const ConditionalPut& put : request.puts) {
    const auto it = copy_.state.rows.find(put.key);
    const std::string actual = it == copy_.state.rows.end() ? "" : it->second;
    if (put.expect != "*" && put.expect != actual && actual != put.value) {
      answer.status = KvStatus::conflict;
      answer.conflict_key = put.key;
      answer.actual = actual;
      return reply(request.from, std::move(answer));
    }
    if (!is_older_place(put, actual)) proposal.change.puts.emplace_back(put.key, put.value);
  }
  for (const std::string& key : request.erases) {
    if (copy_.state.rows.contains(key)) proposal.change.erases.push_back(key);
  }
  answer.number = static_cast<std::int64_t>(proposal.change.erases.size());
  proposal.reply = answer;
  proposal.reply_to = request.from;
  proposal.origin = request;
  propose(std::move(proposal));
}

void Replica::serve_increment(const KvRequest& request) {
  Proposal proposal;
  proposal.reply = KvReply{};
  for (const std::string& key : request.keys) {
    const auto it = copy_.state.rows.find(key);
    const std::int64_t value =
        (it == copy_.state.rows.end() ? 0 : to_number(it->second)) + request.amount;
    proposal.change.puts.emplace_back(key, std::to_string(value));
    proposal.reply->rows.emplace_back(key, std::to_string(value));
    if (key == request.keys.front()) proposal.reply->number = value;
  }
  proposal.reply->id = request.id;
  proposal.reply->hint = host_.self();
  proposal.reply_to = request.from;
  proposal.origin = request;
  propose(std::move(proposal));
}

void Replica::serve_transfer(const KvRequest& request) {
  const auto& replicas = descriptor().replicas;
  const bool possible = request.target != host_.self() && host_.reachable(request.target) &&
                        std::ranges::find(replicas, request.target) != replicas.end();
  if (possible && match_[request.target] == copy_.index) {
    given_away_ = lease().sequence;
    given_away_at_ = host_.now();
    host_.send(request.target, TakeLease{descriptor().range, lease().sequence});
  }
  KvReply answer;
  answer.id = request.id;
  answer.number = possible ? 1 : 0;
  reply(request.from, std::move(answer));
}

bool Replica::change_replicas(const Descriptor& next) {
  if (!serves() || inflight_ || !queue_.empty()) return false;
  Proposal proposal;
  proposal.change.sets_descriptor = true;
  proposal.change.descriptor = descriptor();
  proposal.change.descriptor.replicas = next.replicas;
  proposal.change.descriptor.stores = next.stores;
  ++proposal.change.descriptor.generation;
  propose(std::move(proposal));
  return true;
}

void Replica::propose(Proposal proposal) {
  proposal.before = descriptor().replicas;
  proposal.acks = {host_.self()};
  proposed_at_ = host_.now();
  apply(proposal.change);
  ++copy_.index;
  copy_.accepted = ballot_;
  host_.persist(copy_, &proposal.change);
  inflight_ = std::move(proposal);
  spread();
  check_commit();
}

void Replica::apply(const Change& change) {
  unsettled_descriptor_ = change.sets_descriptor;
  if (change.sets_lease) copy_.state.lease = change.lease;
  if (change.sets_descriptor) copy_.state.descriptor = change.descriptor;
  for (const auto& [key, value] : change.puts) copy_.state.rows[key] = value;
  for (const std::string& key : change.erases) copy_.state.rows.erase(key);
}

// To everybody who has not got the newest state: the change to those who had the one
// before, the whole copy to the rest.
void Replica::spread() {
  spread_at_ = host_.now();
  std::set<NodeNumber> targets(descriptor().replicas.begin(), descriptor().replicas.end());
  if (inflight_) targets.insert(inflight_->before.begin(), inflight_->before.end());
  for (const NodeNumber node : targets) {
    const std::uint64_t has = match_[node];
    if (node == host_.self() || has == copy_.index || !host_.reachable(node)) continue;
    Accept message{descriptor().range, ballot_, copy_.index, false, {}, {}};
    if (inflight_ && role_ == Role::leader && has + 1 == copy_.index) {
      message.change = inflight_->change;
    } else {
      message.whole = true;
      message.state = copy_.state;
    }
    host_.send(node, std::move(message));
  }
}

void Replica::receive(NodeNumber from, const Accept& message) {
  Accepted answer{message.range, message.ballot, copy_.promised, copy_.index, false};
  if (message.ballot >= copy_.promised) {
    if (role_ != Role::follower && message.ballot > ballot_) step_down();
    copy_.promised = message.ballot;
    answer.promised = message.ballot;
    if (message.whole) {
      unsettled_descriptor_ = message.state.descriptor.generation > descriptor().generation;
      copy_.state = message.state;
      copy_.accepted = message.ballot;
      copy_.index = message.index;
      host_.persist(copy_, nullptr);
      answer.granted = true;
    } else if (copy_.accepted == message.ballot && copy_.index + 1 == message.index) {
      apply(message.change);
      copy_.index = message.index;
      host_.persist(copy_, &message.change);
      answer.granted = true;
    } else {
      answer.granted = copy_.accepted == message.ballot && copy_.index == message.index;
    }
    answer.index = copy_.accepted == message.ballot ? copy_.index : 0;
    serve_parked();
  }
  host_.send(from, answer);
}

void Replica::receive(NodeNumber from, const Accepted& message) {
  if ((role_ != Role::leader && role_ != Role::establishing) || message.ballot != ballot_) return;
  if (message.promised > ballot_) {
    copy_.promised = std::max(copy_.promised, message.promised);
    election_allowed_ = host_.now() + host_.timing().of(0.05 + 0.25 * host_.random());
    return step_down();
  }
  match_[from] = message.index;
  if (message.granted && message.index == copy_.index && inflight_) {
    inflight_->acks.insert(from);
    return check_commit();
  }
  if (!message.granted) spread_at_ = 0;  // Behind: the next step sends it the whole copy.
}

bool Replica::majority(const std::set<NodeNumber>& votes,
                       const std::vector<NodeNumber>& replicas) const {
  const auto have =
      std::ranges::count_if(replicas, [&votes](NodeNumber node) { return votes.contains(node); });
  return have * 2 > static_cast<std::ptrdiff_t>(replicas.size());
}

void Replica::check_commit() {
  if (!inflight_ || !majority(inflight_->acks, inflight_->before) ||
      !majority(inflight_->acks, descriptor().replicas)) {
    return;
  }
  commit();
}

void Replica::commit() {
  const Proposal proposal = std::move(*inflight_);
  inflight_.reset();
  reset_breaker();
  if (role_ == Role::establishing) return lead();
  unsettled_descriptor_ = false;
  host_.committed(copy_, &proposal.change);
  if (proposal.change.sets_descriptor) {
    for (const NodeNumber node : proposal.before) {
      const auto& now = descriptor().replicas;
      if (std::ranges::find(now, node) == now.end()) {
        host_.send(node, DropReplica{descriptor().range, descriptor().generation});
      }
    }
  }
  if (proposal.reply) reply(proposal.reply_to, *proposal.reply);
  propose_next();
  serve_parked();
}

void Replica::propose_next() {
  while (!inflight_ && !queue_.empty()) {
    const KvRequest next = std::move(*queue_.front().origin);
    queue_.pop_front();
    std::deque<Proposal> rest;
    rest.swap(queue_);  // serve() queues behind a queue; this one is the front.
    if (serves()) {
      serve(next);
    } else {
      park(next);
    }
    for (Proposal& proposal : queue_) rest.push_back(std::move(proposal));
    queue_ = std::move(rest);
  }
}

void Replica::step() {
  const Time now = host_.now();
  const Time resend = host_.timing().of(0.5);
  if (role_ == Role::candidate && now - election_sent_ >= resend) {
    if (consented_ != 0 && now - election_sent_ >= 4 * resend) role_ = Role::follower;
    send_prepares();
  }
  if ((role_ == Role::leader || role_ == Role::establishing) && now - spread_at_ >= resend) {
    spread();
  }
  if (role_ == Role::leader && given_away_ == lease().sequence && given_away_ != 0 &&
      now - given_away_at_ >= 2 * resend) {
    // The other did not take it. Its consent must die before we serve again.
    step_down();
    start_election(0);
  }
  step_breaker();
  extend_expiration();
  propose_next();
  if (!parked_.empty()) serve_parked();
  if (serves()) wants_lease_ = false;
  if (!parked_.empty() || wants_lease_) want_lease();
}

}  // namespace faultline::sim::cluster
