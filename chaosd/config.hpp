#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "chaosd/docker/docker_host.hpp"
#include "chaosd/http/access.hpp"
#include "chaosd/service/chaos_service.hpp"
#include "chaosd/service/plan.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/cluster/states.hpp"

namespace faultline::chaos {

/// The flags of faultline-chaosd, checked.
struct ChaosdConfig {
  std::string listen_address = "127.0.0.1:8096";
  AccessRules access;
  RuntimeKind runtime = RuntimeKind::docker;
  DockerHostFlags docker{{"unix:///var/run/docker.sock"}, {}, false};
  std::string docker_label = "io.faultline.target";
  std::string docker_helper_image = "faultline-nethold:0.1.0";
  std::string process_file;
  std::string state_dir = "faultline-chaosd-state";
  ServiceLimits limits;
  GuardMode guard = GuardMode::off;  ///< Where not said: enforce if there is an exporter to ask.
  std::string exporter_address;      ///< Empty: node ids stay unknown.
  std::string prometheus_address;    ///< Empty: no PromQL in abort conditions.
  bool check_audit = false;          ///< Only look whether the audit is whole.
  LogOptions log;
};

/// The configuration, or the exit code with which main ends: 0 after --help or
/// --version, 2 after a complaint on stderr.
[[nodiscard]] std::variant<ChaosdConfig, int> read_config(int argc, const char* const* argv);

/// What no single flag can tell: a token file where others can call. Reads the file.
[[nodiscard]] Status finish_access(ChaosdConfig& config, const std::string& token_file);

}  // namespace faultline::chaos
