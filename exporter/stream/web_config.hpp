#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/result.hpp"

namespace faultline::stream {

/// The file of --web.config.file, as exporter-toolkit has it.
struct WebConfig {
  struct Tls {
    std::string cert_file;
    std::string key_file;
    std::string min_version = "TLS12";  ///< TLS12 or TLS13.
  };
  std::optional<Tls> tls;                    ///< Empty: plain HTTP.
  std::map<std::string, std::string> users;  ///< Name to bcrypt hash; empty: no login.
};

/// Files are relative to the folder of `path`. Fails with `invalid` and a sentence that
/// names the field, never a hash.
[[nodiscard]] Result<WebConfig> read_web_config(const std::string& path);

}  // namespace faultline::stream
