#pragma once

#include "simulator/cluster/types.hpp"

namespace faultline::sim::cluster {

/// The durations of the recorded server, each divided by --time-scale.
struct Timing {
  explicit Timing(double scale = 1.0) : scale_(scale) {}

  [[nodiscard]] Time of(double seconds) const { return static_cast<Time>(seconds * 1e9 / scale_); }
  [[nodiscard]] double scale() const { return scale_; }

  [[nodiscard]] Time liveness_ttl() const { return of(9); }
  [[nodiscard]] Time heartbeat_interval() const { return of(4.5); }
  [[nodiscard]] Time heartbeat_timeout() const { return of(4.5); }
  [[nodiscard]] Time lease_ttl() const { return of(9); }  ///< Of leases that expire by time.
  [[nodiscard]] Time gossip_client_interval() const { return of(2); }
  [[nodiscard]] Time gossip_client_ttl() const { return of(4); }
  [[nodiscard]] Time store_info_ttl() const { return of(120); }
  [[nodiscard]] Time metrics_interval() const { return of(10); }
  [[nodiscard]] Time alert_ttl() const { return of(20); }
  [[nodiscard]] Time ping_interval() const { return of(1); }
  /// A peer that has not answered a ping for so long is not asked any more.
  [[nodiscard]] Time ping_timeout() const { return of(3); }
  [[nodiscard]] Time slow_request() const { return of(15); }

 private:
  double scale_;
};

}  // namespace faultline::sim::cluster
