#include "simulator/http/server.hpp"

#include <boost/asio/connect.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

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
  beast::tcp_stream stream;
  std::shared_ptr<std::size_t> open;
  beast::flat_buffer buffer;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser;
  beast::http::response<beast::http::string_body> response;
};

Server::Server(asio::io_context& io, Answer answer)
    : acceptor_(io), answer_(std::move(answer)), open_(std::make_shared<std::size_t>(0)) {}

Result<std::unique_ptr<Server>> Server::create(asio::io_context& io, const std::string& host,
                                               std::uint16_t port, Answer answer) {
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
  server->accept();
  return server;
}

void Server::stop() {
  error_code ignored;
  acceptor_.close(ignored);
}

void Server::accept() {
  acceptor_.async_accept([this](const error_code& failed, tcp::socket socket) {
    if (failed == asio::error::operation_aborted) return;
    if (!failed && *open_ < kSessionsMax) {
      read(std::make_shared<Session>(std::move(socket), open_));
    }
    if (acceptor_.is_open()) accept();
  });
}

void Server::read(const std::shared_ptr<Session>& session) {
  session->parser.emplace();
  session->parser->body_limit(kBodyMax);
  session->stream.expires_after(kIdle);
  beast::http::async_read(
      session->stream, session->buffer, *session->parser,
      [this, session](const error_code& failed, std::size_t) {
        if (failed || !acceptor_.is_open()) return;
        const auto& request = session->parser->get();
        const auto target = request.target();
        const Page page = answer_(std::string_view(target.data(), target.size()));
        auto& response = session->response;
        response = {};
        response.version(11);
        response.result(static_cast<unsigned>(page.status));
        response.set(beast::http::field::content_type, page.content_type);
        response.keep_alive(request.keep_alive());
        response.body() = page.body;
        response.prepare_payload();
        if (request.method() == beast::http::verb::head) response.body().clear();
        beast::http::async_write(session->stream, response,
                                 [this, session](const error_code& broken, std::size_t) {
                                   if (broken || session->response.need_eof()) return;
                                   read(session);
                                 });
      });
}

}  // namespace faultline::sim::http
