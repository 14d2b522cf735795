#include "common/net/http_call.hpp"

#include <optional>

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
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

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

/// Sends and reads over a connected stream whose deadline is already set.
template <class Stream>
awaitable<Result<HttpResponse>> exchange(Stream& stream, const HttpRequest& request) {
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
  if (code) co_return to_error(code, request.endpoint);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(request.response_limit);
  co_await http::async_read(stream, buffer, parser, redirect_error(use_awaitable, code));
  if (code) co_return to_error(code, request.endpoint);
  auto response = parser.release();
  co_return HttpResponse{static_cast<int>(response.result_int()),
                         std::string{response[http::field::content_type]},
                         std::move(response.body())};
}

Error to_tls_error(SSL* session, const error_code& code, const HttpRequest& request,
                   const std::string& host) {
  if (code.category() != asio::error::get_ssl_category()) return to_error(code, request.endpoint);
  const long verdict = ::SSL_get_verify_result(session);
  if (verdict == X509_V_OK) {
    return {ErrorCode::upstream,
            request.endpoint + " does not speak TLS with us: " + code.message()};
  }
  const bool other_name =
      verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
  return {ErrorCode::upstream,
          "certificate problem: " + request.endpoint + ": " +
              ::X509_verify_cert_error_string(verdict) +
              (other_name ? "; its certificate must be for " + host
                          : "; the certificate of its CA must be in " + request.tls->file())};
}

/// Whose certificate the peer must show. False for a host that no certificate can be for.
bool expect_host(SSL* session, const std::string& host) {
  error_code no_number;
  asio::ip::make_address(host, no_number);
  if (!no_number) {
    return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), host.c_str()) == 1;
  }
  ::SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // The last one names it to a peer that has several certificates.
  return ::SSL_set1_host(session, host.c_str()) == 1 &&
         ::SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

/// The same inside TLS. Each step is under the deadline of `clear`, the silent ones too. No
/// goodbye at the end: what we ask for says its own length, and nobody sends after it.
awaitable<Result<HttpResponse>> exchange_over_tls(TcpStream& clear, const HttpRequest& request,
                                                  const std::string& host) {
  TlsStream stream{clear, request.tls->context()};
  if (!expect_host(stream.native_handle(), host)) {
    co_return Error{ErrorCode::invalid, host + " cannot be the host of a certificate"};
  }
  error_code code;
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  redirect_error(use_awaitable, code));
  if (code) co_return to_tls_error(stream.native_handle(), code, request, host);
  co_return co_await exchange(stream, request);
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

/// Runs one coroutine per item on the calling thread and collects what they return.
template <class T, class Item, class Make>
std::vector<Result<T>> run_all(const std::vector<Item>& items, Make make) {
  // Kept by its thread: to make one and to end it costs as much as a request on loopback.
  // Nothing is left in it once run() has returned.
  thread_local asio::io_context io{1};
  io.restart();
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
