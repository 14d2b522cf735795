#include "simulator/cluster/heartbeat.hpp"

#include "simulator/cluster/layout.hpp"

namespace faultline::sim::cluster {

void Heartbeat::start(const std::string& record_text) {
  text_ = record_text;
  if (const auto found = decode_liveness(record_text)) record_ = *found;
  record_.node = host_.self();
  record_.draining = false;
  // Every start ends the epoch before it, and with it the leases held under it.
  ++record_.epoch;
  begun_ = true;
  next_at_ = host_.now();
}

void Heartbeat::drain() {
  draining_ = true;
  if (!in_flight_) next_at_ = host_.now();
}

void Heartbeat::step() {
  // A decommissioned node's heartbeats are refused by all others.
  if (record_.membership == "decommissioned") return;
  if (begun_ && !in_flight_ && host_.now() >= next_at_) beat();
}

void Heartbeat::beat() {
  in_flight_ = true;
  next_at_ = host_.now() + host_.timing().heartbeat_interval();
  Liveness next = record_;
  next.expiration = host_.now() + host_.timing().liveness_ttl();
  next.draining = draining_;
  const std::string text = encode_liveness(next);
  KvRequest request;
  request.range = kLivenessRange;
  request.op = KvOp::write;
  request.puts = {{row_key("liveness", host_.self()), text, text_}};
  host_.call(
      request, [this, next, text](const KvReply* reply) { settled(reply, next, text); },
      host_.now() + host_.timing().heartbeat_timeout());
}

void Heartbeat::settled(const KvReply* reply, const Liveness& sent, const std::string& text) {
  in_flight_ = false;
  if (reply == nullptr) {
    ++failures_;
    next_at_ = host_.now();
    return;
  }
  if (reply->status == KvStatus::done) {
    ++successes_;
    started_ = true;
    record_ = sent;
    text_ = text;
    host_.publish_liveness(sent.node, text);
    if (draining_ && !sent.draining) next_at_ = host_.now();
    return;
  }
  // Somebody wrote the row since: a taker of our leases, who ended the epoch, or a
  // heartbeat of our own that was thought lost.
  text_ = reply->actual;
  if (const auto actual = decode_liveness(reply->actual)) {
    const auto epoch = started_ ? actual->epoch : actual->epoch + 1;
    record_ = *actual;
    record_.epoch = epoch;
    record_.node = host_.self();
    host_.publish_liveness(host_.self(), reply->actual);
  }
  next_at_ = host_.now();
}

}  // namespace faultline::sim::cluster
