#include "common/net/http_call.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "common/net/tls_session.hpp"

namespace faultline::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;
using TcpStream = beast::tcp_stream;
using UnixStream = beast::basic_stream<asio::local::stream_protocol>;
using TlsStream = asio::ssl::stream<TcpStream&>;

constexpr std::size_t kReadAtOnce = 32U << 10U;

Error to_error(const error_code& code, const std::string& endpoint) {
  if (code == beast::error::timeout || code == asio::error::operation_aborted) {
    return {ErrorCode::timeout, "no answer from " + endpoint + " before the deadline"};
  }
  if (code == http::error::body_limit) {
    return {ErrorCode::too_large, "the answer of " + endpoint + " is over the limit"};
  }
  if (code == asio::error::connection_refused) {
    return {ErrorCode::unavailable, "connection to " + endpoint + " refused"};
  }
  if (code == http::error::end_of_stream || code == asio::error::eof ||
      code == asio::error::connection_reset || code == asio::error::broken_pipe ||
      code == asio::ssl::error::stream_truncated) {
    return {ErrorCode::unavailable, endpoint + " closed the connection"};
  }
  if (code.category() == http::make_error_code(http::error::bad_version).category()) {
    return {ErrorCode::upstream, endpoint + " does not answer in HTTP: " + code.message()};
  }
  return {ErrorCode::unavailable, endpoint + ": " + code.message()};
}

/// The numeric addresses to dial, as TCP endpoints.
Result<std::vector<asio::ip::tcp::endpoint>> tcp_endpoints(AddressBook& book, const Endpoint& to,
                                                           Deadline deadline) {
  auto addresses = book.resolve(to.host, deadline);
  if (!addresses) return addresses.error();
  std::vector<asio::ip::tcp::endpoint> endpoints;
  for (const auto& address : *addresses) {
    error_code bad;
    const auto ip = asio::ip::make_address(address, bad);
    if (!bad) endpoints.emplace_back(ip, static_cast<std::uint16_t>(std::stoi(to.port)));
  }
  if (endpoints.empty()) return Error{ErrorCode::unavailable, to.host + " has no address"};
  return endpoints;
}

/// `session`: null in clear.
Error failure(const error_code& code, const HttpRequest& request, SSL* session) {
  if (session != nullptr && code.category() == asio::error::get_ssl_category()) {
    return tls_error(session, code.message(), request);
  }
  return to_error(code, request.endpoint);
}

HttpResponse response_of(http::response<http::string_body> message) {
  HttpResponse response{static_cast<int>(message.result_int()),
                        std::string{message[http::field::content_type]},
                        std::move(message.body()),
                        {}};
  for (const auto& field : message) {
    std::string name{field.name_string()};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    response.headers.emplace(std::move(name), std::string{field.value()});
  }
  return response;
}

/// Sends and reads over a connected stream whose deadline is already set.
template <class Stream>
awaitable<Result<HttpResponse>> exchange(Stream& stream, const HttpRequest& request,
                                         SSL* session = nullptr) {
  http::request<http::string_body> message{http::string_to_verb(request.method), request.target,
                                           11};
  if (message.method() == http::verb::unknown) message.method_string(request.method);
  message.set(http::field::host,
              request.endpoint.starts_with("unix:") ? "localhost" : request.endpoint);
  message.set(http::field::user_agent, "faultline");
  message.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers) message.set(name, value);
  message.body() = request.body;
  message.prepare_payload();

  error_code code;
  co_await http::async_write(stream, message, redirect_error(use_awaitable, code));
  // Over TLS a peer that hung up may have said why before, which is read below.
  if (code && session == nullptr) co_return to_error(code, request.endpoint);
  // Reserved, as Beast reads no more at once than there is room for, and begins with 512 bytes:
  // a node's metrics page is 300 KB.
  beast::flat_buffer buffer;
  buffer.reserve(kReadAtOnce);
  http::response_parser<http::string_body> parser;
  parser.body_limit(request.response_limit);
  co_await http::async_read(stream, buffer, parser, redirect_error(use_awaitable, code));
  if (code) co_return failure(code, request, session);
  co_return response_of(parser.release());
}

/// The same inside TLS. Each step is under the deadline of `clear`, the silent ones too. No
/// goodbye of ours at the end: an answer says its own length, or ends with the peer's goodbye.
awaitable<Result<HttpResponse>> exchange_over_tls(TcpStream& clear, const HttpRequest& request,
                                                  const std::string& host) {
  TlsStream stream{clear, request.tls->context()};
  if (auto expected = expect_host(stream.native_handle(), host); !expected) {
    co_return expected.error();
  }
  error_code code;
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  redirect_error(use_awaitable, code));
  if (!code) co_return co_await exchange(stream, request, stream.native_handle());
  co_return failure(code, request, stream.native_handle());
}

awaitable<Result<HttpResponse>> call_one(asio::io_context& io, AddressBook& book,
                                         const HttpRequest& request, Deadline deadline) {
  const auto to = parse_endpoint(request.endpoint);
  if (!to) co_return to.error();
  error_code code;
  if (to->is_unix()) {
    UnixStream stream{io};
    stream.expires_at(deadline);
    co_await stream.async_connect(asio::local::stream_protocol::endpoint{to->path},
                                  redirect_error(use_awaitable, code));
    if (code) co_return to_error(code, request.endpoint);
    co_return co_await exchange(stream, request);
  }
  const auto endpoints = tcp_endpoints(book, *to, deadline);
  if (!endpoints) co_return endpoints.error();
  TcpStream stream{io};
  stream.expires_at(deadline);
  co_await stream.async_connect(*endpoints, redirect_error(use_awaitable, code));
  if (code) co_return to_error(code, request.endpoint);
  if (request.tls) co_return co_await exchange_over_tls(stream, request, to->host);
  co_return co_await exchange(stream, request);
}

/// Connects, and with a greeting waits for one byte in return. The greeting by value: a
/// coroutine runs on after the expression that called it.
awaitable<Result<milliseconds>> connect_one(asio::io_context& io, AddressBook& book,
                                            const std::string& endpoint, std::string greeting,
                                            Deadline deadline) {
  const auto to = parse_endpoint(endpoint);
  if (!to) co_return to.error();
  const auto endpoints = tcp_endpoints(book, *to, deadline);
  if (!endpoints) co_return endpoints.error();
  const auto started = std::chrono::steady_clock::now();
  TcpStream stream{io};
  stream.expires_at(deadline);
  error_code code;
  co_await stream.async_connect(*endpoints, redirect_error(use_awaitable, code));
  if (!code && !greeting.empty()) {
    co_await asio::async_write(stream, asio::buffer(greeting), redirect_error(use_awaitable, code));
    char answer = 0;
    if (!code) {
      co_await stream.async_read_some(asio::buffer(&answer, 1),
                                      redirect_error(use_awaitable, code));
    }
  }
  if (code) co_return to_error(code, endpoint);
  co_return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);
}

template <class T>
awaitable<void> store(awaitable<Result<T>> work, std::optional<Result<T>>& slot) {
  slot.emplace(co_await std::move(work));
}

/// Kept by its thread: to make one and to end it costs as much as a request on loopback.
/// Nothing is left in it once run() has returned.
asio::io_context& own_context() {
  thread_local asio::io_context io{1};
  io.restart();
  return io;
}

/// Runs one coroutine per item on the calling thread and collects what they return.
template <class T, class Item, class Make>
std::vector<Result<T>> run_all(const std::vector<Item>& items, Make make) {
  auto& io = own_context();
  std::vector<std::optional<Result<T>>> slots(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    asio::co_spawn(io, store<T>(make(io, items[i]), slots[i]), asio::detached);
  }
  io.run();
  std::vector<Result<T>> results;
  results.reserve(slots.size());
  for (auto& slot : slots) {
    FAULTLINE_ENSURE(slot.has_value(), "run() returns when every coroutine has ended");
    results.push_back(std::move(*slot));
  }
  return results;
}

using OnAnswer = std::function<void(std::size_t, Result<HttpResponse>)>;

/// The requests of one call_each; outlives the run of its context.
struct Queue {
  asio::io_context& io;
  AddressBook& book;
  const std::vector<HttpRequest>& requests;
  Pace pace;
  Deadline deadline;
  const OnAnswer& on_answer;
  std::size_t next = 0;
  std::size_t taken = 0;  ///< Places.

  void fill() {
    while (next < requests.size() && taken < pace.at_once) {
      ++taken;
      asio::co_spawn(io, run(next++), asio::detached);
    }
  }

  void leave(bool& in_place) {
    if (!std::exchange(in_place, false)) return;
    --taken;
    fill();
  }

  awaitable<void> run(std::size_t index) {
    // Shared with the timer, whose word may still be under way when this has ended.
    const auto in_place = std::make_shared<bool>(true);
    asio::steady_timer patience{io, pace.patience};
    patience.async_wait([this, in_place](const error_code& code) {
      if (!code) leave(*in_place);
    });
    auto answer = co_await call_one(io, book, requests[index], deadline);
    on_answer(index, std::move(answer));
    leave(*in_place);
  }
};

}  // namespace

Result<HttpResponse> HttpClient::call(const HttpRequest& request, Deadline deadline) {
  return std::move(call_all({request}, deadline).front());
}

std::vector<Result<HttpResponse>> HttpClient::call_all(const std::vector<HttpRequest>& requests,
                                                       Deadline deadline) {
  return run_all<HttpResponse>(requests, [&](asio::io_context& io, const HttpRequest& request) {
    return call_one(io, book_, request, deadline);
  });
}

void HttpClient::call_each(const std::vector<HttpRequest>& requests, Pace pace, Deadline deadline,
                           const OnAnswer& on_answer) {
  auto& io = own_context();
  Queue queue{io, book_, requests, pace, deadline, on_answer};
  queue.fill();
  io.run();
}

std::vector<Result<milliseconds>> HttpClient::connect_all(const std::vector<std::string>& endpoints,
                                                          Deadline deadline) {
  return run_all<milliseconds>(endpoints, [&](asio::io_context& io, const std::string& endpoint) {
    return connect_one(io, book_, endpoint, {}, deadline);
  });
}

std::vector<Result<milliseconds>> HttpClient::greet_all(const std::vector<std::string>& endpoints,
                                                        const std::string& greeting,
                                                        Deadline deadline) {
  return run_all<milliseconds>(endpoints, [&](asio::io_context& io, const std::string& endpoint) {
    return connect_one(io, book_, endpoint, greeting, deadline);
  });
}

}  // namespace faultline::net
