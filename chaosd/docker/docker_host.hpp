#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/net/tls_trust.hpp"

namespace faultline::chaos {

/// Of an address that is no unix socket.
inline constexpr std::string_view kTcp = "tcp://";

/// One Docker Engine, as the flags name it.
struct DockerHost {
  std::string name;     ///< "eu"; empty: the only one, and nobody gave it a name.
  std::string address;  ///< "unix:///var/run/docker.sock" or "tcp://host:port".
  std::shared_ptr<const net::TlsTrust> tls = {};  ///< Of tcp; null: in clear.
};

struct DockerHostFlags {
  std::vector<std::string> hosts;        ///< "[NAME=]ADDRESS".
  std::vector<std::string> tls_folders;  ///< "[NAME=]FOLDER": ca.pem, and cert.pem with key.pem.
  bool plain_tcp = false;                ///< In clear beyond this machine as well.
};

/// Every host has a name of its own, given or by its address ("local" of a unix socket, else the
/// host of the address), unless there is only one. Reads the folders. `invalid` in one sentence
/// that names the flag: a name that is used twice, a folder that no host or no file answers to,
/// tcp in clear to another machine.
[[nodiscard]] Result<std::vector<DockerHost>> read_docker_hosts(const DockerHostFlags& flags);

}  // namespace faultline::chaos
