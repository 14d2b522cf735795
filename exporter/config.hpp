#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "exporter/cluster_config.hpp"
#include "exporter/targets_file.hpp"

namespace faultline::exporter {

/// Which collectors run, for every cluster alike.
struct CollectorConfig {
  bool process = true;
  bool metrics = true;
  bool gossip = true;
  bool placement = true;
  bool containers = true;
  bool cluster_log = true;
  bool kv_status = true;
  milliseconds probe_interval{250};
  milliseconds probe_timeout{2000};
};

/// Flags and environment of faultline-exporter, checked; const after parsing.
struct Config {
  ClusterConfig main;      ///< Of /metrics, /ws and the API without a target.
  bool watch_main = true;  ///< Not with a targets file and no flag that speaks of it.
  std::string targets_file;
  TargetConfigs targets;  ///< What that file says; re-read when it is told to.
  CollectorConfig collect;
  std::string listen_address = "127.0.0.1:8095";
  std::string telemetry_path = "/metrics";
  std::vector<std::string> allowed_origins;
  std::string web_config_file;  ///< TLS and logins; empty: neither.
  bool enable_lifecycle = false;
  LogOptions log;
};

/// Fills `config`; an exit code when the program must not go on (help, version, or a
/// wrong value, which has been told on stderr).
[[nodiscard]] std::optional<int> parse_config(int argc, const char* const* argv, Config& config);

}  // namespace faultline::exporter
