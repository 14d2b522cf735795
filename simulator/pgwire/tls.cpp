#include "simulator/pgwire/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>

namespace faultline::sim::pgwire {
namespace {

// The recorded server says "bad certificate" for one of another authority, where OpenSSL
// would say "unknown ca".
int verify(int good, X509_STORE_CTX* store) {
  if (good == 0) ::X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return good;
}

Error wrong(const std::string& file, const std::string& what) {
  std::array<char, 256> text{};
  ::ERR_error_string_n(::ERR_get_error(), text.data(), text.size());
  ::ERR_clear_error();
  return {ErrorCode::invalid, file + ": " + what + " (" + text.data() + ")", "--certs-dir"};
}

std::string user_of(SSL* ssl) {
  X509* certificate = ::SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return "";
  std::array<char, 256> name{};
  const int size = ::X509_NAME_get_text_by_NID(::X509_get_subject_name(certificate), NID_commonName,
                                               name.data(), static_cast<int>(name.size()));
  ::X509_free(certificate);
  return size <= 0 ? "" : std::string(name.data(), static_cast<std::size_t>(size));
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::create(const std::string& certs_dir) {
  const auto path = [&](const char* name) {
    return (std::filesystem::path(certs_dir) / name).string();
  };
  std::shared_ptr<const TlsContext> made(new TlsContext(::SSL_CTX_new(::TLS_server_method())));
  SSL_CTX* context = made->get();
  if (context == nullptr) return wrong(certs_dir, "TLS cannot be started");
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  const std::string certificate = path("node.crt"), key = path("node.key"), ca = path("ca.crt");
  if (::SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return wrong(certificate, "no readable certificate");
  }
  if (::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_check_private_key(context) != 1) {
    return wrong(key, "no readable key of node.crt");
  }
  if (::SSL_CTX_load_verify_locations(context, ca.c_str(), nullptr) != 1) {
    return wrong(ca, "no readable certificate");
  }
  ::SSL_CTX_set_client_CA_list(context, ::SSL_load_client_CA_file(ca.c_str()));
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, verify);
  return made;
}

TlsContext::~TlsContext() { ::SSL_CTX_free(context_); }

Channel::~Channel() {
  if (ssl_ == nullptr) return;
  (void)::SSL_shutdown(ssl_);
  ::SSL_free(ssl_);
}

long Channel::receive(char* buffer, std::size_t size) {
  if (ssl_ != nullptr) {
    return ::SSL_read(ssl_, buffer, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
  }
  while (true) {
    const ssize_t got = ::recv(descriptor_, buffer, size, 0);
    if (got >= 0 || errno != EINTR) return got;
  }
}

bool Channel::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    long sent = 0;
    if (ssl_ != nullptr) {
      const auto size = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
      sent = ::SSL_write(ssl_, bytes.data(), size);
    } else {
      sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
    }
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::shared_ptr<const TlsPeer> Channel::start_tls(const TlsContext& context) {
  ssl_ = ::SSL_new(context.get());
  if (ssl_ == nullptr || ::SSL_set_fd(ssl_, descriptor_) != 1 || ::SSL_accept(ssl_) != 1) {
    ::ERR_clear_error();
    if (ssl_ != nullptr) ::SSL_free(ssl_);  // Without a shutdown: there is no session.
    ssl_ = nullptr;
    return nullptr;
  }
  return std::make_shared<const TlsPeer>(TlsPeer{user_of(ssl_)});
}

}  // namespace faultline::sim::pgwire
