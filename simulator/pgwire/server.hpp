#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "simulator/sql/catalog.hpp"

namespace faultline::sim::pgwire {

class TlsContext;

struct ServerOptions {
  std::string host = "127.0.0.1";  ///< A numeric address or a name; "" is every interface.
  std::uint16_t port = 0;          ///< 0 takes a free one, see Server::port().
  std::size_t connections_max = 200;
};

/// What the node around the server decides. Every hook may be empty, and is called
/// from connection threads, several at once.
struct ServerHooks {
  /// Polled before AuthenticationOk. While it says false the client hears nothing,
  /// as from a node that was (re)started without quorum. Empty: always true.
  std::function<bool()> accepts_logins;
  /// True: new logins are refused with 57P01, as by a node that is shutting down.
  std::function<bool()> draining;
  /// A connection that does not speak PostgreSQL (a peer's RPC shares the port, as in
  /// the real one). Called with nothing consumed: the first bytes are still in the
  /// socket. Returns true when it took the descriptor over, and then closes it.
  /// Empty or false: the client hears an HTTP/2 SETTINGS frame, as recorded.
  std::function<bool(int descriptor)> other_protocol;
  /// The node's certificates; null: an insecure node, which answers SSLRequest with N.
  std::shared_ptr<const TlsContext> tls = {};
  std::chrono::nanoseconds login_timeout = std::chrono::seconds(10);
};

/// The PostgreSQL port of a simulated node: one thread per connection, one that
/// accepts and watches for clients that went away while their statement runs.
class Server {
 public:
  /// Binds, listens and starts to accept. The catalog outlives the server.
  static Result<std::unique_ptr<Server>> create(const ServerOptions& options, sql::Catalog& catalog,
                                                ServerHooks hooks);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connections_count() const;

  /// Tells idle sessions 57P01, cancels running statements, closes, joins. Once, from
  /// the owner's thread; the destructor calls it too.
  void stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace faultline::sim::pgwire
