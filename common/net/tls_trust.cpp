#include "common/net/tls_trust.hpp"

#include <boost/asio/ssl/context.hpp>

namespace faultline::net {

Result<std::shared_ptr<const TlsTrust>> TlsTrust::from_file(const std::string& file) {
  namespace ssl = boost::asio::ssl;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  boost::system::error_code error;
  context->set_verify_mode(ssl::verify_peer, error);
  if (!error) context->load_verify_file(file, error);
  if (error) {
    return Error{ErrorCode::invalid, file + " cannot be used: " + error.message() +
                                         "; use a PEM file with the certificate of a CA"};
  }
  return std::shared_ptr<const TlsTrust>{new TlsTrust{file, std::move(context)}};
}

}  // namespace faultline::net
