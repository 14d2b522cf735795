#pragma once

#include <memory>
#include <string>

#include "common/base/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace faultline::net {

/// PEM files of a TLS client.
struct TlsFiles {
  std::string authority;         ///< Certificates of the CAs that are believed.
  std::string certificate = {};  ///< Who we are, with its chain; empty: nobody.
  std::string key = {};          ///< Of that certificate.
};

/// Whom a TLS client believes: the certificates in one file, and nobody else; and who it says
/// that it is, where it says so. Immutable; any thread.
class TlsTrust {
 public:
  /// Fails with `invalid` and the file's name.
  [[nodiscard]] static Result<std::shared_ptr<const TlsTrust>> from_file(const std::string& file) {
    return from_files({file});
  }
  /// The same with a certificate of our own. What a key says is never part of an error; one
  /// under a passphrase is refused, for there is nobody to ask.
  [[nodiscard]] static Result<std::shared_ptr<const TlsTrust>> from_files(const TlsFiles& files);

  [[nodiscard]] const std::string& file() const { return files_.authority; }
  /// Whether it says who it is.
  [[nodiscard]] bool has_certificate() const { return !files_.certificate.empty(); }
  /// For those that dial. OpenSSL's contexts may be shared by threads.
  [[nodiscard]] boost::asio::ssl::context& context() const { return *context_; }

 private:
  TlsTrust(TlsFiles files, std::shared_ptr<boost::asio::ssl::context> context)
      : files_(std::move(files)), context_(std::move(context)) {}

  TlsFiles files_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace faultline::net
