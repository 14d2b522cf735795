#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "common/base/result.hpp"
#include "simulator/http/pages.hpp"

namespace faultline::sim::http {

/// The node's HTTP port, on the io_context's one thread. Requests are read whole and
/// answered at once; connections are limited in number, size and time.
class Server {
 public:
  using Answer = std::function<Page(std::string_view target)>;

  /// `io` outlives this. Errors: the address cannot be taken, or `certs_dir` (empty: HTTP
  /// in the clear) has no node.crt and node.key that fit. With certificates, HTTP in the
  /// clear is sent to HTTPS, but for /health: as recorded.
  static Result<std::unique_ptr<Server>> create(boost::asio::io_context& io,
                                                const std::string& host, std::uint16_t port,
                                                Answer answer, const std::string& certs_dir = "");
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  void stop();

 private:
  struct Session;
  Server(boost::asio::io_context& io, Answer answer);
  [[nodiscard]] Status use_certificates(const std::string& certs_dir);
  void accept();
  void look(const std::shared_ptr<Session>& session);
  void read(const std::shared_ptr<Session>& session);
  void respond(const std::shared_ptr<Session>& session);

  boost::asio::ip::tcp::acceptor acceptor_;
  std::optional<boost::asio::ssl::context> tls_;
  Answer answer_;
  std::shared_ptr<std::size_t> open_;  ///< Sessions may outlive the server by a callback.
};

}  // namespace faultline::sim::http
