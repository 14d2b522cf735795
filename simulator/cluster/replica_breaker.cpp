// The per-replica circuit breaker: a range that has not answered for a minute says so at
// once from then on, until it moves again.
#include <algorithm>
#include <cstdio>

#include "simulator/cluster/replica.hpp"

namespace faultline::sim::cluster {
namespace {

std::string seconds_text(double nanos) {
  char text[40];
  std::snprintf(text, sizeof text, "%.2fs", nanos / 1e9);
  return text;
}

std::string replica_text(const Descriptor& range, std::size_t at) {
  const NodeNumber node = range.replicas[at];
  return "(n" + std::to_string(node) + ",s" + std::to_string(range.store_on(node)) +
         "):" + std::to_string(at + 1);
}

// "/Table/{104-105}": what two keys have in common, and the rest of each in braces.
std::string span_text(const Descriptor& descriptor) {
  const std::string& from = descriptor.start_pretty;
  std::string to = descriptor.end_pretty;
  if (to.empty() && descriptor.table_id > 0) {
    to = "/Table/" + std::to_string(descriptor.table_id + 1);
  }
  std::size_t same = 0;
  for (std::size_t at = 0; at < std::min(from.size(), to.size()) && from[at] == to[at]; ++at) {
    if (from[at] == '/') same = at + 1;
  }
  return from.substr(0, same) + "{" + from.substr(same) + "-" + to.substr(same) + "}";
}

}  // namespace

// While the node itself is not live no lease that rests on the liveness range can be asked
// for, so its breaker never sees a proposal: until 25.1 such requests hang (documented).
void Replica::step_breaker() {
  const Time threshold = host_.breaker_threshold();
  if (threshold == 0) return reset_breaker();
  if (lease().holder != host_.self() && lease_valid(lease()) && host_.reachable(lease().holder)) {
    return reset_breaker();
  }
  if (tripped()) {
    wants_lease_ = wants_lease_ || !serves();  // Goes on trying, as the server's probe does.
    return;
  }
  const Time now = host_.now();
  const bool by_liveness = descriptor().range > 2 && !host_.timing().profile().leader_leases();
  const auto own = host_.liveness(host_.self());
  if (by_liveness && (!own || own->expiration <= now)) return;
  const bool stuck = inflight_ && now - proposed_at_ > threshold;
  const bool waits = !parked_.empty() && now - waiting_since_ > threshold;
  if (!stuck && !waits) return;
  tripped_at_ = now;
  wants_lease_ = true;
  std::vector<Parked> waiting;
  waiting.swap(parked_);
  for (const Parked& parked : waiting) fail_fast(parked.request, false);
  for (const Proposal& proposal : queue_) {
    if (proposal.origin) fail_fast(*proposal.origin, false);
  }
  queue_.clear();
  // What was proposed may still land when the others come back.
  if (inflight_ && inflight_->origin && inflight_->reply) {
    fail_fast(*inflight_->origin, true);
    inflight_->reply.reset();
  }
}

void Replica::fail_fast(const KvRequest& request, bool ambiguous) {
  KvReply answer;
  answer.id = request.id;
  answer.status = KvStatus::unavailable;
  answer.number = ambiguous ? 1 : 0;
  answer.actual = unavailable_text(ambiguous);
  reply(request.from, std::move(answer));
}

std::string Replica::unavailable_text(bool ambiguous) const {
  const auto& replicas = descriptor().replicas;
  std::string all, down, self = "?";
  for (std::size_t at = 0; at < replicas.size(); ++at) {
    const std::string shown = replica_text(descriptor(), at);
    all += (all.empty() ? "" : ", ") + shown;
    const auto record = host_.liveness(replicas[at]);
    const bool live = replicas[at] == host_.self() ||
                      (record && record->expiration > host_.now() && host_.reachable(replicas[at]));
    if (!live) down += (down.empty() ? "" : ",") + shown;
    if (replicas[at] == host_.self()) self = shown;
  }
  const std::string number = std::to_string(host_.self());
  const std::string raft = "raft status: {\"id\":\"" + number +
                           "\",\"term\":" + std::to_string(copy_.promised.round) +
                           ",\"commit\":" + std::to_string(copy_.index) + "}";
  if (!host_.timing().profile().circuit_breakers()) {
    return "replicas on non-live nodes: " + (down.empty() ? all : down) +
           " (lost quorum: true): " + raft;
  }
  const auto threshold = static_cast<double>(host_.breaker_threshold());
  const std::string waited = seconds_text(threshold * host_.timing().scale());
  std::string text = "replica unavailable: " + self + " unable to serve request to r" +
                     std::to_string(descriptor().range) + ":" + span_text(descriptor()) + " [" +
                     all + ", next=" + std::to_string(replicas.size() + 1) +
                     ", gen=" + std::to_string(descriptor().generation) +
                     "]: lost quorum (down: " + down + "); " + raft +
                     ": operation \"probe\" timed out after " + waited;
  if (ambiguous) {
    text += ": result is ambiguous: after " + waited +
            " of attempting command: context deadline exceeded";
  }
  return text;
}

}  // namespace faultline::sim::cluster
