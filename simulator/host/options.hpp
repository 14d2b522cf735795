#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "simulator/host/store_spec.hpp"

namespace faultline::sim::host {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

struct StartOptions {
  std::vector<StoreSpec> stores;
  Address listen, sql, http;
  bool sql_separate = false;
  std::string advertise_address, advertise_sql_address, advertise_http_address;
  std::vector<std::string> join;
  std::string locality, pid_file;
  std::string certs_dir;  ///< Empty: --insecure.
  std::string profile;    ///< Of cluster::profiles(); from --profile or CRDBSIM_PROFILE.
  std::string log_level = "info";
  double time_scale = 1.0;
};

enum class Verb : std::uint8_t {
  help,
  version,
  start,
  init,
  node_status,
  decommission,
  recommission,
  drain
};

struct Options {
  Verb verb = Verb::help;
  StartOptions start;
  std::string host;                 ///< Of init and node ...
  std::vector<std::int64_t> nodes;  ///< Of node decommission, recommission and drain.
  bool wait = true;                 ///< Of decommission: --wait=all, or none.
};

/// The command line, spelled like cockroach's: --flag=value or --flag value. An Error
/// names the flag and says what would do.
[[nodiscard]] Result<Options> parse(const std::vector<std::string>& arguments);
[[nodiscard]] std::string usage();

}  // namespace faultline::sim::host
