#pragma once

#include <string>

#include "simulator/cluster/router.hpp"

namespace faultline::sim::cluster {

class HeartbeatHost {
 public:
  virtual ~HeartbeatHost() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual const Timing& timing() const = 0;
  [[nodiscard]] virtual NodeNumber self() const = 0;
  virtual std::uint64_t call(KvRequest request, Router::Done done, Time give_up_at) = 0;
  virtual void publish_liveness(NodeNumber node, const std::string& text) = 0;
};

/// Keeps this node's liveness record fresh: every 4.5 s a write to the liveness
/// range that extends it to 9 s from now, given up after 4.5 s. Without that range's
/// quorum the record runs out, and the node is not live in anybody's eyes.
class Heartbeat {
 public:
  explicit Heartbeat(HeartbeatHost& host) : host_(host) {}

  /// From the record found in the liveness range (empty: there was none).
  void start(const std::string& record_text);
  void drain();
  void step();

  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] std::int64_t successes() const { return successes_; }
  [[nodiscard]] std::int64_t failures() const { return failures_; }
  [[nodiscard]] bool in_flight() const { return in_flight_; }

 private:
  void beat();
  void settled(const KvReply* reply, const Liveness& sent, const std::string& text);

  HeartbeatHost& host_;
  Liveness record_;
  std::string text_;  ///< The row as last seen: what the next write is conditional on.
  bool begun_ = false, started_ = false, in_flight_ = false, draining_ = false;
  Time next_at_ = 0;
  std::int64_t successes_ = 0, failures_ = 0;
};

}  // namespace faultline::sim::cluster
