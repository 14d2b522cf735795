#pragma once

#include <functional>
#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "exporter/stream/counters.hpp"
#include "exporter/stream/web_config.hpp"

namespace boost::asio::ssl {
class context;
}

namespace faultline::stream {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// Reads certificate and key; fails with `invalid` and the file's name.
[[nodiscard]] Result<TlsContext> make_tls_context(const WebConfig::Tls& config);

struct TlsLimits {
  milliseconds handshake_max{10'000};
  milliseconds write_max{30'000};  ///< What the other side does not take in this time ends it.
};

/// Serves TLS on `socket`: after the handshake `hand_over` gets a socket that speaks in
/// clear, whose bytes are carried over both ways until one side ends. So HTTP and the
/// WebSocket stream, which writes to its socket directly, know nothing of TLS. The
/// server's thread.
void serve_tls(boost::asio::ip::tcp::socket socket, ConnectionSlot slot, TlsContext context,
               TlsLimits limits,
               std::function<void(boost::asio::ip::tcp::socket, ConnectionSlot)> hand_over);

}  // namespace faultline::stream
