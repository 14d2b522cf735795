#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "exporter/stream/counters.hpp"
#include "exporter/stream/routes.hpp"
#include "exporter/stream/stream_server.hpp"
#include "exporter/stream/ws_upgrade.hpp"

namespace faultline::stream {

/// What every HTTP connection works with; outlives them all.
struct HttpContext {
  const StreamOptions& options;
  Routes& routes;
  /// Takes a connection over whose 101 is sent; `unread` came behind the request.
  std::function<void(boost::asio::ip::tcp::socket, ConnectionSlot, Protocol,
                     std::string_view unread)>
      upgraded;
  std::function<std::size_t()> stream_clients;
  /// Name to value, of every answer but the 101; as the web config has them now.
  std::function<const std::map<std::string, std::string>&()> headers;
  /// Whether an Authorization header lets in; empty: that takes work.
  std::function<std::optional<bool>(std::string_view authorization)> knows;
  /// Does that work elsewhere and answers on the server's thread; false: too many ask.
  std::function<bool(std::string authorization, std::function<void(bool)> answer)> check;
};

/// Serves one connection until it ends or becomes a WebSocket. Boost.Beast is seen
/// by this file's implementation only: it is half a minute of compiling.
void serve_http(boost::asio::ip::tcp::socket socket, ConnectionSlot slot, HttpContext& context);

}  // namespace faultline::stream
