#pragma once

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "tests/unit/common/loopback_socket.hpp"

namespace faultline::test {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;

/// A key and a certificate for it: of a CA of its own, or signed by `issuer` for `names`, as
/// "DNS:localhost,IP:127.0.0.1".
struct Identity {
  Key key;
  Certificate certificate;

  explicit Identity(const std::string& names = {}, const Identity* issuer = nullptr)
      : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509* made = certificate.get();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 86'400);
    X509_set_pubkey(made, key.get());
    const auto* common_name =
        reinterpret_cast<const unsigned char*>(issuer == nullptr ? "A test's CA" : "node");
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, common_name, -1, -1,
                               0);
    const Identity& signer = issuer == nullptr ? *this : *issuer;
    X509_set_issuer_name(made, X509_get_subject_name(signer.certificate.get()));
    extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (!names.empty()) extend(NID_subject_alt_name, names);
    X509_sign(made, signer.key.get(), EVP_sha256());
  }

  /// As a PEM file in `folder`.
  [[nodiscard]] std::string write(const std::filesystem::path& folder) const {
    auto path = (folder / "ca.crt").string();
    write_certificate(path);
    return path;
  }
  void write_certificate(const std::string& path) const {
    const std::unique_ptr<BIO, FreeWith<BIO_free_all>> file{BIO_new_file(path.c_str(), "w")};
    PEM_write_bio_X509(file.get(), certificate.get());
  }
  /// In clear, or under a passphrase.
  void write_key(const std::string& path, const std::string& passphrase = {}) const {
    const std::unique_ptr<BIO, FreeWith<BIO_free_all>> file{BIO_new_file(path.c_str(), "w")};
    const auto* const words = reinterpret_cast<const unsigned char*>(passphrase.data());
    PEM_write_bio_PrivateKey(file.get(), key.get(),
                             passphrase.empty() ? nullptr : EVP_aes_128_cbc(),
                             passphrase.empty() ? nullptr : words,
                             static_cast<int>(passphrase.size()), nullptr, nullptr);
  }

 private:
  void extend(int kind, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
};

/// A server's context: who it is, and whom it wants its callers to be signed by, if anybody.
inline std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>> server_context(
    const Identity& identity, const Identity* client_authority) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to whoever has gone.
  std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>> context{SSL_CTX_new(TLS_server_method())};
  SSL_CTX_use_certificate(context.get(), identity.certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
  if (client_authority != nullptr) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), client_authority->certificate.get());
  }
  return context;
}

/// An HTTPS server of few words on 127.0.0.1: one response to everybody, or after the handshake
/// none at all, until the caller hangs up.
class TlsPeer {
 public:
  /// `client_authority`: who must have signed the callers; null: nobody is asked.
  TlsPeer(const Identity& identity, std::string response,
          const Identity* client_authority = nullptr)
      : response_(std::move(response)), context_(server_context(identity, client_authority)) {
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsPeer() {
    socket_.end();
    thread_.join();
  }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  [[nodiscard]] std::string at(const std::string& host) const {
    return host + ":" + socket_.port();
  }

 private:
  void serve() {
    for (int peer; (peer = socket_.accept()) >= 0;) {
      const std::unique_ptr<SSL, FreeWith<SSL_free>> session{SSL_new(context_.get())};
      SSL_set_fd(session.get(), peer);
      char buffer[2048];
      if (SSL_accept(session.get()) == 1 && SSL_read(session.get(), buffer, sizeof buffer) > 0) {
        if (response_.empty()) {
          // Until the caller hangs up.
          static_cast<void>(SSL_read(session.get(), buffer, sizeof buffer));
        } else {
          SSL_write(session.get(), response_.data(), static_cast<int>(response_.size()));
          SSL_shutdown(session.get());
        }
      }
      ::close(peer);
    }
  }

  std::string response_;
  std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>> context_;
  LoopbackSocket socket_;
  std::thread thread_;
};

}  // namespace faultline::test
