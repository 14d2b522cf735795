#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "exporter/observe/snapshot_board.hpp"
#include "exporter/stream/clusters.hpp"

namespace faultline::stream {

struct StreamOptions {
  /// host:port or [v6]:port; :port is every address, IPv6 and IPv4; port 0 takes a free one.
  std::string listen_address = "127.0.0.1:8095";
  std::string telemetry_path = "/metrics";
  /// As a browser sends them: scheme://host[:port].
  std::vector<std::string> allowed_origins = {};
  /// TLS and logins, as exporter-toolkit has them; empty: neither.
  std::string web_config_file = {};
  bool enable_lifecycle = false;  ///< POST /-/reload is answered.
  /// Name and version, told to clients.
  std::string server = "faultline-exporter";
  /// This run of the exporter, as in its snapshots.
  std::string boot = {};

  std::size_t clients_max = 10'000;      ///< WebSocket clients; one more is answered 503.
  std::size_t connections_max = 10'500;  ///< All connections; one more is closed at once.
  std::size_t events_max = 256;          ///< Events waiting for one client; one more drops it.
  int send_buffer_bytes = 256 * 1024;    ///< The kernel's: how far back a slow client may read.
  milliseconds write_max{10'000};        ///< One message that takes longer drops the client.
  milliseconds heartbeat{5'000};         ///< Of silence; then clients are told that we live.
  milliseconds header_max{10'000};       ///< For the header of the first request.
  milliseconds idle_max{75'000};         ///< Until the next request on the same connection.
};

/// Since the start, but for `clients`.
struct StreamStats {
  std::uint64_t clients = 0;         ///< WebSocket clients now.
  std::uint64_t dropped_total = 0;   ///< Clients dropped because they could not keep up.
  std::uint64_t messages_total = 0;  ///< WebSocket messages handed to the kernel whole.
  std::uint64_t bytes_total = 0;     ///< Their bytes, frame headers included.
};

/// The text of GET /metrics. Called on the server's thread, so it must answer from
/// memory. The stats are passed in, because it exists before the server does.
using RenderMetrics = std::function<std::string(const StreamStats&, const Collect&)>;

/// The exporter's one port: the metrics, the WebSocket stream, the state and the
/// health pages, on one thread of its own. It reads the board and nothing else, so
/// no client ever waits for the database, nor for another client.
class StreamServer {
 public:
  /// Listens when it returns. `clusters` is what is watched besides `board`. Fails with `invalid`
  /// (address or web config cannot be read) or `unavailable` (address in use). Call it before the
  /// board's first publication, from the thread that publishes or before that thread starts.
  /// `board` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<StreamServer>> create(StreamOptions options,
                                                                    observe::SnapshotBoard& board,
                                                                    RenderMetrics render_metrics,
                                                                    Logger log,
                                                                    Clusters clusters = {});
  /// Says goodbye to the clients, closes everything, joins; within 1 s.
  ~StreamServer();
  StreamServer(const StreamServer&) = delete;
  StreamServer& operator=(const StreamServer&) = delete;

  /// Reads the web config anew (certificate and logins; what is open stays) and the targets
  /// file. Fails with `invalid` and leaves all as it was. Any thread.
  [[nodiscard]] Status reload();

  [[nodiscard]] std::uint16_t port() const;  ///< The real one when 0 was asked for.
  [[nodiscard]] StreamStats stats() const;   ///< Any thread.

 private:
  class Impl;
  explicit StreamServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace faultline::stream
