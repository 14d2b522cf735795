#include "simulator/http/server.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

namespace faultline::sim::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

namespace {
constexpr std::size_t kSessionsMax = 256;
constexpr std::size_t kBodyMax = 64U << 10U;
constexpr std::chrono::seconds kIdle{60};
}  // namespace

struct Server::Session {
  explicit Session(tcp::socket socket, std::shared_ptr<std::size_t> count)
      : stream(std::move(socket)), open(std::move(count)) {
    ++*open;
  }
  ~Session() { --*open; }
  /// Runs `act` on the stream that carries HTTP.
  template <class F>
  void with_stream(F&& act) {
    if (secure) return act(*secure);
    act(stream);
  }
  beast::tcp_stream stream;
  std::optional<beast::ssl_stream<beast::tcp_stream&>> secure;
  std::shared_ptr<std::size_t> open;
  beast::flat_buffer buffer;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser;
  beast::http::response<beast::http::string_body> response;
};

Server::Server(asio::io_context& io, Answer answer)
    : acceptor_(io), answer_(std::move(answer)), open_(std::make_shared<std::size_t>(0)) {}

Result<std::unique_ptr<Server>> Server::create(asio::io_context& io, const std::string& host,
                                               std::uint16_t port, Answer answer,
                                               const std::string& certs_dir) {
  error_code failed;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(host.empty() ? "0.0.0.0" : host, std::to_string(port),
                                      tcp::resolver::passive, failed);
  if (failed || found.empty()) {
    return Error{ErrorCode::invalid, "cannot resolve " + host + ": " + failed.message(),
                 "--http-addr"};
  }
  std::unique_ptr<Server> server(new Server(io, std::move(answer)));
  tcp::acceptor& acceptor = server->acceptor_;
  const tcp::endpoint where = *found.begin();
  acceptor.open(where.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(where, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) {
    return Error{ErrorCode::conflict,
                 "cannot listen on " + host + ":" + std::to_string(port) + ": " + failed.message(),
                 "--http-addr"};
  }
  if (const Status done = server->use_certificates(certs_dir); !done) return done.error();
  server->accept();
  return server;
}

Status Server::use_certificates(const std::string& certs_dir) {
  if (certs_dir.empty()) return kDone;
  error_code failed;
  tls_.emplace(asio::ssl::context::tls_server);
  tls_->use_certificate_chain_file(certs_dir + "/node.crt", failed);
  if (!failed) {
    tls_->use_private_key_file(certs_dir + "/node.key", asio::ssl::context::pem, failed);
  }
  if (!failed) return kDone;
  return Error{ErrorCode::invalid, "cannot use node.crt and node.key: " + failed.message(),
               "--certs-dir"};
}

void Server::stop() {
  error_code ignored;
  acceptor_.close(ignored);
}

void Server::accept() {
  acceptor_.async_accept([this](const error_code& failed, tcp::socket socket) {
    if (failed == asio::error::operation_aborted) return;
    if (!failed && *open_ < kSessionsMax) {
      look(std::make_shared<Session>(std::move(socket), open_));
    }
    if (acceptor_.is_open()) accept();
  });
}

// TLS or not: its handshake begins with a byte that HTTP never does.
void Server::look(const std::shared_ptr<Session>& session) {
  if (!tls_) return read(session);
  session->stream.expires_after(kIdle);
  session->stream.socket().async_wait(
      tcp::socket::wait_read, [this, session](const error_code& failed) {
        constexpr char kHandshake = 0x16;
        char first = 0;
        error_code none;
        const auto got = session->stream.socket().receive(asio::buffer(&first, 1),
                                                          asio::socket_base::message_peek, none);
        if (failed || none || got != 1 || !acceptor_.is_open()) return;
        if (first != kHandshake) return read(session);
        session->secure.emplace(session->stream, *tls_);
        session->secure->async_handshake(asio::ssl::stream_base::server,
                                         [this, session](const error_code& refused) {
                                           if (!refused && acceptor_.is_open()) read(session);
                                         });
      });
}

void Server::read(const std::shared_ptr<Session>& session) {
  session->parser.emplace();
  session->parser->body_limit(kBodyMax);
  session->stream.expires_after(kIdle);
  session->with_stream([&](auto& stream) {
    beast::http::async_read(stream, session->buffer, *session->parser,
                            [this, session](const error_code& failed, std::size_t) {
                              if (!failed && acceptor_.is_open()) respond(session);
                            });
  });
}

void Server::respond(const std::shared_ptr<Session>& session) {
  const auto& request = session->parser->get();
  const std::string target(request.target().data(), request.target().size());
  Page page = answer_(target);
  auto& response = session->response;
  response = {};
  if (tls_ && !session->secure && !target.starts_with("/health")) {
    const auto host = request[beast::http::field::host];
    const std::string where = "https://" + std::string(host.data(), host.size()) + target;
    page = {307, "text/html; charset=utf-8",
            "<a href=\"" + where + "\">Temporary Redirect</a>.\n\n"};
    response.set(beast::http::field::location, where);
  }
  response.version(11);
  response.result(static_cast<unsigned>(page.status));
  response.set(beast::http::field::content_type, page.content_type);
  response.keep_alive(request.keep_alive());
  response.body() = page.body;
  response.prepare_payload();
  if (request.method() == beast::http::verb::head) response.body().clear();
  session->with_stream([&](auto& stream) {
    beast::http::async_write(stream, response,
                             [this, session](const error_code& broken, std::size_t) {
                               if (broken || session->response.need_eof()) return;
                               read(session);
                             });
  });
}

}  // namespace faultline::sim::http
