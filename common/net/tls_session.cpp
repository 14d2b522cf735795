#include "common/net/tls_session.hpp"

#include <array>
#include <utility>

#include <boost/asio/ssl/context.hpp>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace faultline::net {

namespace {

bool is_number(const std::string& host) {
  in6_addr buffer{};
  return ::inet_pton(AF_INET, host.c_str(), &buffer) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &buffer) == 1;
}

/// The oldest error of this thread's queue, which is the cause; empties it.
std::string queued_reason() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return reason == nullptr ? "the connection ended within TLS" : reason;
}

class MemorySession final : public TlsSession {
 public:
  explicit MemorySession(const HttpRequest& request)
      : request_(request),
        session_(::SSL_new(request.tls->context().native_handle()), &::SSL_free),
        incoming_(::BIO_new(::BIO_s_mem())),
        outgoing_(::BIO_new(::BIO_s_mem())) {
    ::SSL_set_bio(session_.get(), incoming_, outgoing_);  // Which then belong to it.
    ::SSL_set_connect_state(session_.get());
  }

  [[nodiscard]] SSL* handle() { return session_.get(); }

  Result<bool> shake_hands() override {
    ::ERR_clear_error();
    const int done = ::SSL_do_handshake(session_.get());
    if (done == 1) return true;
    if (wants_more(done)) return false;
    return failure();
  }

  void receive(std::string_view bytes) override {
    ::BIO_write(incoming_, bytes.data(), static_cast<int>(bytes.size()));
  }

  Result<std::string> read() override {
    std::string text;
    std::array<char, 16384> chunk;
    for (;;) {
      ::ERR_clear_error();
      const int count = ::SSL_read(session_.get(), chunk.data(), static_cast<int>(chunk.size()));
      if (count > 0) {
        text.append(chunk.data(), static_cast<std::size_t>(count));
        continue;
      }
      if (wants_more(count)) return text;
      // What was said before the goodbye counts; the next call tells of the goodbye.
      if (!text.empty()) return text;
      if (::SSL_get_error(session_.get(), count) == SSL_ERROR_ZERO_RETURN) {
        return Error{ErrorCode::unavailable, request_.endpoint + " closed the connection"};
      }
      return failure();
    }
  }

  Status write(std::string_view text) override {
    ::ERR_clear_error();
    // Into memory, which takes all of it at once.
    const int count = ::SSL_write(session_.get(), text.data(), static_cast<int>(text.size()));
    if (std::cmp_equal(count, text.size())) return kDone;
    return failure();
  }

  std::string to_send() override {
    std::string bytes(::BIO_ctrl_pending(outgoing_), '\0');
    if (!bytes.empty()) ::BIO_read(outgoing_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }

 private:
  [[nodiscard]] bool wants_more(int returned) const {
    const int why = ::SSL_get_error(session_.get(), returned);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  }
  [[nodiscard]] Error failure() { return tls_error(session_.get(), queued_reason(), request_); }

  const HttpRequest request_;
  std::unique_ptr<SSL, decltype(&::SSL_free)> session_;
  BIO* incoming_;  // Both owned by session_.
  BIO* outgoing_;
};

}  // namespace

Status expect_host(SSL* session, const std::string& host) {
  const auto set = [&] {
    if (is_number(host)) {
      return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), host.c_str()) == 1;
    }
    ::SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // The last one names it to a peer that has several certificates.
    return ::SSL_set1_host(session, host.c_str()) == 1 &&
           ::SSL_set_tlsext_host_name(session, host.c_str()) == 1;
  };
  if (set()) return kDone;
  return Error{ErrorCode::invalid, host + " cannot be the host of a certificate"};
}

Error tls_error(SSL* session, const std::string& reason, const HttpRequest& request) {
  const std::string& endpoint = request.endpoint;
  const long verdict = ::SSL_get_verify_result(session);
  if (verdict != X509_V_OK) {
    const bool other_name =
        verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
    const auto to = parse_endpoint(endpoint);
    return {
        ErrorCode::upstream,
        "certificate problem: " + endpoint + ": " + ::X509_verify_cert_error_string(verdict) +
            (other_name && to ? "; its certificate must be for " + to->host
                              : "; the certificate of its CA must be in " + request.tls->file())};
  }
  // With TLS 1.3 a peer says what it thinks of our certificate after our handshake is over.
  const auto says = [&](std::string_view word) { return reason.find(word) != std::string::npos; };
  if (says("alert") && (says("certificate") || says("unknown ca") || says("decrypt error"))) {
    return {ErrorCode::upstream,
            endpoint + (request.tls->has_certificate()
                            ? " does not take our certificate: " + reason
                            : " wants a certificate of us, and there is none: " + reason)};
  }
  return {ErrorCode::upstream, endpoint + " does not speak TLS with us: " + reason};
}

Result<std::unique_ptr<TlsSession>> TlsSession::create(const HttpRequest& request,
                                                       const std::string& host) {
  auto session = std::make_unique<MemorySession>(request);
  if (auto expected = expect_host(session->handle(), host); !expected) return expected.error();
  return std::unique_ptr<TlsSession>{std::move(session)};
}

}  // namespace faultline::net
