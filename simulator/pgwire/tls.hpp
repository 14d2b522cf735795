#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "simulator/pgwire/connection.hpp"

using SSL_CTX = struct ssl_ctx_st;
using SSL = struct ssl_st;

namespace faultline::sim::pgwire {

/// The certificates of a node: ca.crt, node.crt and node.key of a directory as
/// `cockroach cert` lays it out. Shared by all connections; any thread.
class TlsContext {
 public:
  /// Errors: a file that is missing, or is no certificate or not its key.
  static Result<std::shared_ptr<const TlsContext>> create(const std::string& certs_dir);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  [[nodiscard]] SSL_CTX* get() const { return context_; }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  SSL_CTX* context_;
};

/// A client's socket, in the clear until start_tls. One thread; the descriptor is not its.
class Channel {
 public:
  explicit Channel(int descriptor) : descriptor_(descriptor) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Bytes read; 0 or less: over. Blocks.
  long receive(char* buffer, std::size_t size);
  bool send_all(std::string_view bytes);
  /// The server's side of the handshake. Null: it failed, and the client was told by
  /// an alert. A certificate that no known authority signed fails it.
  std::shared_ptr<const TlsPeer> start_tls(const TlsContext& context);

 private:
  int descriptor_;
  SSL* ssl_ = nullptr;
};

}  // namespace faultline::sim::pgwire
