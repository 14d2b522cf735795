#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "exporter/sources/pqxx_session.hpp"

namespace faultline::exporter {

/// Flags and environment of faultline-exporter, checked; const after parsing.
struct Config {
  std::vector<std::string> sql{"127.0.0.1:26257"};
  std::vector<std::string> http;
  sql::Login login;
  std::vector<std::string> session_settings;  ///< "name=value", for the startup options.
  std::string chaosd_address;                 ///< Empty: monitor only.
  Secret chaosd_token;
  std::string listen_address = "127.0.0.1:8095";
  std::string telemetry_path = "/metrics";
  std::vector<std::string> allowed_origins;
  std::string web_config_file;  ///< TLS and logins; empty: neither.
  bool enable_lifecycle = false;
  bool collect_process = true;
  bool collect_metrics = true;
  bool collect_gossip = true;
  bool collect_placement = true;
  bool collect_containers = true;
  bool collect_probe = false;  ///< It writes.
  milliseconds probe_interval{250};
  milliseconds probe_timeout{2000};
  bool collect_cluster_log = true;
  bool collect_kv_status = true;
  LogOptions log;
};

/// Fills `config`; an exit code when the program must not go on (help, version, or a
/// wrong value, which has been told on stderr).
[[nodiscard]] std::optional<int> parse_config(int argc, const char* const* argv, Config& config);

}  // namespace faultline::exporter
