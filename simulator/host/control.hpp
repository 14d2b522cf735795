#pragma once

#include <string>

#include "common/base/result.hpp"
#include "simulator/cluster/engine.hpp"

namespace faultline::sim::host {

/// Answers one control request of `crdbsim init` or `crdbsim node status`.
[[nodiscard]] std::string answer_control(cluster::Engine& engine, const std::string& request);

struct StatusRow {
  std::int64_t id = 0;
  std::string address, sql_address, build, started_at, updated_at, locality;
  bool is_available = false, is_live = false, is_draining = false;
  std::string membership;
  std::int64_t ranges = 0, leases = 0;  ///< As gossiped.
};

/// The other side: asks the node at "host:port". Blocks, with a deadline.
[[nodiscard]] Status ask_init(const std::string& host);
[[nodiscard]] Result<std::vector<StatusRow>> ask_status(const std::string& host);
/// Both only begin it: ask_status tells when it is done. Asked again they change nothing.
[[nodiscard]] Status ask_membership(const std::string& host, std::int64_t node,
                                    const std::string& membership);
[[nodiscard]] Status ask_drain(const std::string& host, std::int64_t node);

/// "2026-11-23 09:07:50.75085 +0000 UTC", as `cockroach node status` prints it.
[[nodiscard]] std::string time_text(cluster::Time time);
[[nodiscard]] std::string new_cluster_id();

}  // namespace faultline::sim::host
