#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/result.hpp"

namespace faultline::stream {

/// The file of --web.config.file, as exporter-toolkit has it; what of that is not supported is
/// refused by name. Its `http2` has no meaning here: HTTP/1.1 alone is spoken.
struct WebConfig {
  struct Tls {
    std::string cert_file;
    std::string key_file;
    std::string min_version = "TLS12";  ///< TLS12 or TLS13, as the next.
    std::string max_version = "TLS13";
    std::string client_ca_file;  ///< Who signs clients' certificates; empty: none is asked.
    bool client_must_have_cert =
        false;  ///< With client_ca_file; else one that is given is checked.
  };
  std::optional<Tls> tls;                      ///< Empty: plain HTTP.
  std::map<std::string, std::string> users;    ///< Name to bcrypt hash; empty: no login.
  std::map<std::string, std::string> headers;  ///< Of every answer.
};

/// Files are relative to the folder of `path`. Fails with `invalid` and a sentence that
/// names the field, never a hash.
[[nodiscard]] Result<WebConfig> read_web_config(const std::string& path);

}  // namespace faultline::stream
