#include "common/net/tls_trust.hpp"

#include <boost/asio/ssl/context.hpp>

namespace faultline::net {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

Error unusable(const std::string& file, const error_code& why, const std::string& instead) {
  return {ErrorCode::invalid, file + " cannot be used: " + why.message() + "; use " + instead};
}

Status load_identity(ssl::context& context, const TlsFiles& files) {
  error_code error;
  context.use_certificate_chain_file(files.certificate, error);
  if (error) return unusable(files.certificate, error, "a PEM file with our certificate");
  // Without this OpenSSL would ask the terminal.
  bool asked = false;
  context.set_password_callback(
      [&asked](std::size_t, ssl::context::password_purpose) {
        asked = true;
        return std::string{};
      },
      error);
  context.use_private_key_file(files.key, ssl::context::pem, error);
  context.set_password_callback(
      [](std::size_t, ssl::context::password_purpose) { return std::string{}; });
  if (asked) {
    return Error{ErrorCode::invalid,
                 files.key + " is under a passphrase; use a PEM file with the key in clear"};
  }
  if (error) return unusable(files.key, error, "a PEM file with the key of " + files.certificate);
  return kDone;
}

}  // namespace

Result<std::shared_ptr<const TlsTrust>> TlsTrust::from_files(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code error;
  context->set_verify_mode(ssl::verify_peer, error);
  if (!error) context->load_verify_file(files.authority, error);
  if (error) {
    return unusable(files.authority, error, "a PEM file with the certificate of a CA");
  }
  if (!files.certificate.empty()) {
    if (auto loaded = load_identity(*context, files); !loaded) return loaded.error();
  }
  return std::shared_ptr<const TlsTrust>{new TlsTrust{files, std::move(context)}};
}

}  // namespace faultline::net
