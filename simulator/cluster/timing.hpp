#pragma once

#include "simulator/cluster/profile.hpp"
#include "simulator/cluster/types.hpp"

namespace faultline::sim::cluster {

/// The durations of the recorded server, or of a later release, each divided by --time-scale.
struct Timing {
  explicit Timing(double scale = 1.0, const Profile& profile = cluster::profile(Release::v22_1))
      : scale_(scale), profile_(&profile) {}

  [[nodiscard]] Time of(double seconds) const { return static_cast<Time>(seconds * 1e9 / scale_); }
  [[nodiscard]] double scale() const { return scale_; }
  [[nodiscard]] const Profile& profile() const { return *profile_; }

  [[nodiscard]] Time liveness_ttl() const { return of(profile_->liveness_ttl_s); }
  [[nodiscard]] Time heartbeat_interval() const { return of(profile_->heartbeat_s); }
  [[nodiscard]] Time heartbeat_timeout() const { return of(profile_->heartbeat_s); }
  /// Of leases that expire by time.
  [[nodiscard]] Time lease_ttl() const { return of(profile_->liveness_ttl_s); }
  [[nodiscard]] Time gossip_client_interval() const { return of(2); }
  [[nodiscard]] Time gossip_client_ttl() const { return of(4); }
  [[nodiscard]] Time store_info_ttl() const { return of(profile_->store_info_ttl_s); }
  [[nodiscard]] Time metrics_interval() const { return of(10); }
  [[nodiscard]] Time alert_ttl() const { return of(20); }
  [[nodiscard]] Time ping_interval() const { return of(1); }
  /// A peer that has not answered a ping for so long is not asked any more.
  [[nodiscard]] Time ping_timeout() const { return of(3); }
  [[nodiscard]] Time rpc_heartbeat_interval() const { return of(3); }
  [[nodiscard]] Time rpc_heartbeat_timeout() const { return of(6); }
  [[nodiscard]] Time rpc_failed_for() const { return of(2); }
  [[nodiscard]] Time slow_request() const { return of(15); }
  /// Store liveness (25.2+): a peer is supported for so long after it was last heard, and
  /// counts on support itself for a second less.
  [[nodiscard]] Time support_ttl() const { return of(3); }
  [[nodiscard]] Time supported_ttl() const { return of(2.5); }

 private:
  double scale_;
  const Profile* profile_;
};

}  // namespace faultline::sim::cluster
