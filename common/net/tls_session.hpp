#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/net/http_call.hpp"

struct ssl_st;
using SSL = ssl_st;  // OpenSSL's.

namespace faultline::net {

/// Whose certificate the peer must show. `invalid` for a host that no certificate can be for.
[[nodiscard]] Status expect_host(SSL* session, const std::string& host);

/// What a failure of TLS means: a certificate that we do not believe, a peer that wants
/// another one of us, or no TLS at all. Always `upstream`: something does answer there.
[[nodiscard]] Error tls_error(SSL* session, const std::string& reason, const HttpRequest& request);

/// One end of a TLS connection that knows no socket: the caller carries the bytes, so that
/// every wait, with its deadline, is the caller's. One thread.
class TlsSession {
 public:
  /// To the host of `request.endpoint`, as `request.tls` says; both outlive this.
  [[nodiscard]] static Result<std::unique_ptr<TlsSession>> create(const HttpRequest& request,
                                                                  const std::string& host);
  virtual ~TlsSession() = default;

  /// Goes on with the handshake as far as what was received lets it: whether it is over.
  [[nodiscard]] virtual Result<bool> shake_hands() = 0;
  /// Bytes that came from the peer.
  virtual void receive(std::string_view bytes) = 0;
  /// What they say; empty: not enough of them yet.
  [[nodiscard]] virtual Result<std::string> read() = 0;
  [[nodiscard]] virtual Status write(std::string_view text) = 0;
  /// Bytes that the peer must get now; asked for after each call above.
  [[nodiscard]] virtual std::string to_send() = 0;
};

}  // namespace faultline::net
