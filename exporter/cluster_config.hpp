#pragma once

#include <string>
#include <vector>

#include "common/config/options.hpp"
#include "exporter/sources/pqxx_session.hpp"

namespace faultline::exporter {

/// How one cluster is watched: what the flags say for the main one and the targets file for
/// each of the others. Checked; const after parsing.
struct ClusterConfig {
  std::vector<std::string> sql{"127.0.0.1:26257"};
  std::vector<std::string> http;
  sql::Login login;
  std::vector<std::string> session_settings;  ///< "name=value", for the startup options.
  std::string chaosd_address;                 ///< Empty: monitor only.
  Secret chaosd_token;
  bool collect_probe = false;  ///< It writes.
  bool operator==(const ClusterConfig&) const = default;
};

/// Where a cluster's secrets are, until they are read.
struct SecretFiles {
  std::string password;
  std::string token;
};

/// The flags that speak of one cluster. Both outlive `options`.
void add_cluster_flags(config::Options& options, ClusterConfig& to, SecretFiles& files);

/// Those flags, as a targets file may name them.
struct ClusterFlag {
  std::string_view name;
  bool is_path = false;
};
[[nodiscard]] const std::vector<ClusterFlag>& cluster_flags();

/// Reads the secrets, and checks what one flag alone cannot tell. Fails with `invalid`.
[[nodiscard]] Status complete(ClusterConfig& config, const SecretFiles& files);

}  // namespace faultline::exporter
