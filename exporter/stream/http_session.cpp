#include "exporter/stream/http_session.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace faultline::stream {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;

namespace {

constexpr std::uint32_t kHeaderMax = 8192;
constexpr std::size_t kDrainMax = 64 * 1024;
constexpr std::chrono::seconds kWriteMax{30};
constexpr std::chrono::seconds kDrainTime{1};

std::string_view to_view(beast::string_view text) { return {text.data(), text.size()}; }

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(asio::ip::tcp::socket socket, ConnectionSlot slot, HttpContext& context)
      : stream_(std::move(socket)), slot_(std::move(slot)), context_(context) {}

  void read(milliseconds patience) {
    parser_.emplace();
    parser_->header_limit(kHeaderMax);
    stream_.expires_after(patience);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
  }

 private:
  void on_read(error_code error) {
    if (error == http::error::end_of_stream) return drain();
    if (error == http::error::header_limit) {
      return refuse(problem(431, "header_too_large", "the header may have 8192 bytes"));
    }
    // Other errors of the parser mean that it is no HTTP; of the socket, that nobody is there.
    const bool no_http = error.category() == http::make_error_code({}).category();
    if (error && !no_http) return;
    if (error) return refuse(problem(400, "malformed", "this is no HTTP: " + error.message()));
    const auto& request = parser_->get();
    if (request.version() == 11 && request.count(http::field::host) != 1) {
      return refuse(problem(400, "malformed", "there must be one Host header"));
    }
    const auto authorization = to_view(request[http::field::authorization]);
    if (const auto known = context_.knows(authorization)) return *known ? serve() : turn_away();
    const bool taken = context_.check(
        std::string{authorization},
        [self = shared_from_this()](bool right) { right ? self->serve() : self->turn_away(); });
    if (!taken) refuse(problem(503, "too_many_logins", "too many logins are being checked"));
  }

  void turn_away() {
    Reply reply = problem(401, "unauthorized", "say who you are, by basic authentication");
    reply.headers.emplace_back("WWW-Authenticate", "Basic realm=\"faultline-exporter\"");
    refuse(reply);
  }

  void serve() {
    const auto& request = parser_->get();
    const std::string_view target = to_view(request.target());
    const std::string_view path = target.substr(0, target.find('?'));
    const std::string_view query = target.substr(std::min(target.size(), path.size() + 1));
    if (path == kStreamPath && beast::websocket::is_upgrade(request) &&
        context_.routes.has_main()) {
      return upgrade();
    }
    Reply reply =
        context_.routes.answer({.method = to_view(request.method_string()),
                                .path = path,
                                .accept_encoding = to_view(request[http::field::accept_encoding]),
                                .if_none_match = to_view(request[http::field::if_none_match]),
                                .query = query,
                                .host = to_view(request[http::field::host])});
    // A body is never read, so what follows it cannot be found.
    const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
    const bool readable =
        request.method() == http::verb::get || request.method() == http::verb::head;
    if (has_body && readable) reply = problem(400, "body", "this server takes no bodies");
    send(reply, request.keep_alive() && !has_body && readable);
  }

  void upgrade() {
    const auto& request = parser_->get();
    std::string subprotocols;
    const auto range = request.equal_range(http::field::sec_websocket_protocol);
    for (auto field = range.first; field != range.second; ++field) {
      if (!subprotocols.empty()) subprotocols += ',';
      subprotocols += to_view(field->value());
    }
    const auto origin = request.find(http::field::origin);
    const auto protocol = judge_upgrade(
        {.host = to_view(request[http::field::host]),
         .origin = origin == request.end() ? std::nullopt : std::optional{to_view(origin->value())},
         .key = to_view(request[http::field::sec_websocket_key]),
         .version = to_view(request[http::field::sec_websocket_version]),
         .subprotocols = subprotocols},
        context_.options.allowed_origins);
    if (!protocol) return refuse(refusal(protocol.error()));
    if (context_.stream_clients() >= context_.options.clients_max) {
      Reply reply = problem(503, "too_many_clients", "all places for clients are taken");
      reply.headers.emplace_back("Retry-After", "10");
      return refuse(reply);
    }
    answer_ = switching_protocols(to_view(request[http::field::sec_websocket_key]), *protocol);
    stream_.expires_after(kWriteMax);
    asio::async_write(
        stream_, asio::buffer(answer_),
        [self = shared_from_this(), protocol = *protocol](error_code error, std::size_t) {
          if (!error) self->hand_over(protocol);
        });
  }

  static Reply refusal(const Error& error) {
    const std::string detail = error.field + ": " + error.message;
    switch (error.code) {
      case ErrorCode::forbidden: return problem(403, to_string(error.code), detail);
      case ErrorCode::unsupported: {
        Reply reply = problem(426, to_string(error.code), detail);
        reply.headers.emplace_back("Sec-WebSocket-Version", "13");
        return reply;
      }
      default: return problem(400, to_string(error.code), detail);
    }
  }

  void hand_over(Protocol protocol) {
    const auto unread = beast::buffers_to_string(buffer_.data());
    context_.upgraded(stream_.release_socket(), std::move(slot_), protocol, unread);
  }

  void refuse(const Reply& reply) { send(reply, false); }

  void send(const Reply& reply, bool keep_alive) {
    const bool head = parser_->get().method() == http::verb::head;
    response_.emplace(static_cast<http::status>(reply.status), 11U);
    response_->set(http::field::server, "faultline-exporter");
    response_->set("X-Content-Type-Options", "nosniff");
    response_->set(http::field::cache_control, "no-store");
    if (!reply.content_type.empty()) {
      response_->set(http::field::content_type, reply.content_type);
    }
    for (const auto& [name, value] : reply.headers) response_->set(name, value);
    for (const auto& [name, value] : context_.headers()) response_->set(name, value);
    response_->keep_alive(keep_alive);
    if (reply.status != 304) response_->content_length(reply.body.size());
    if (!head) response_->body() = reply.body;
    stream_.expires_after(kWriteMax);
    http::async_write(stream_, *response_,
                      [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
                        if (error) return;
                        if (keep_alive) return self->read(self->context_.options.idle_max);
                        self->drain();
                      });
  }

  /// Hangs up once the other side has: closing on unread bytes would reset the
  /// connection, and the answer with it.
  void drain() {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kDrainTime);
    drain_some();
  }

  void drain_some() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(4096),
                            [self = shared_from_this()](error_code error, std::size_t count) {
                              self->drained_ += count;
                              if (!error && self->drained_ < kDrainMax) self->drain_some();
                            });
  }

  beast::tcp_stream stream_;
  ConnectionSlot slot_;
  HttpContext& context_;
  beast::flat_buffer buffer_{kHeaderMax + 8192};
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::string answer_;  // The 101.
  std::size_t drained_ = 0;
};

}  // namespace

void serve_http(asio::ip::tcp::socket socket, ConnectionSlot slot, HttpContext& context) {
  std::make_shared<HttpSession>(std::move(socket), std::move(slot), context)
      ->read(context.options.header_max);
}

}  // namespace faultline::stream
