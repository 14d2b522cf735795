#pragma once

#include <memory>
#include <string>

#include "common/base/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace faultline::net {

/// Whom a TLS client believes: the certificates in one file, and nobody else. Immutable;
/// any thread. Knows no certificate of its own: what we ask over HTTPS needs no login.
class TlsTrust {
 public:
  /// Fails with `invalid` and the file's name.
  [[nodiscard]] static Result<std::shared_ptr<const TlsTrust>> from_file(const std::string& file);

  [[nodiscard]] const std::string& file() const { return file_; }
  /// For the one file that dials. OpenSSL's contexts may be shared by threads.
  [[nodiscard]] boost::asio::ssl::context& context() const { return *context_; }

 private:
  TlsTrust(std::string file, std::shared_ptr<boost::asio::ssl::context> context)
      : file_(std::move(file)), context_(std::move(context)) {}

  std::string file_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace faultline::net
