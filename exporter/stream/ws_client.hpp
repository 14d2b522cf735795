#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "common/base/clock.hpp"
#include "exporter/stream/counters.hpp"
#include "exporter/stream/outbox.hpp"
#include "exporter/stream/publication.hpp"
#include "exporter/stream/ws_frame.hpp"
#include "exporter/stream/ws_upgrade.hpp"

namespace faultline::stream {

class Hub;

/// One WebSocket connection: sends its outbox as fast as the other side reads,
/// answers what the other side says, closes. The socket is written to directly,
/// without waiting, and only one that is full is waited for: with thousands of
/// clients that is most of the cost of a broadcast. The server's thread; owned by
/// the hub, and by its own pending waits.
class WsClient : public std::enable_shared_from_this<WsClient> {
 public:
  static constexpr std::size_t kMessageMax = 4096;

  /// `hub` outlives every wait, because the server stops its thread first.
  WsClient(boost::asio::ip::tcp::socket socket, ConnectionSlot slot, Protocol protocol, Hub& hub);

  /// `unread` came behind the request to upgrade.
  void start(std::string_view unread);
  [[nodiscard]] Protocol protocol() const { return protocol_; }

  // Each sends at once what can be sent.
  void offer(const Publication& publication);
  void offer_whole(const Publication& publication);
  void offer_news(const Frame& frame);
  void close(const Frame& last);

  /// Gives up on a client that reads nothing or does not hang up. From time to time.
  void look_after(SteadyTime now);
  [[nodiscard]] bool gone() const { return !socket_.is_open(); }

 private:
  void flush();
  void await_reading();
  void read();
  void handle(const ClientMessage& message);
  void handle_text(const std::string& text);
  void drop(std::string_view why);  ///< It cannot keep up.
  void hang_up();

  boost::asio::ip::tcp::socket socket_;
  ConnectionSlot slot_;
  Protocol protocol_;
  bool awaiting_room_ = false;
  Hub& hub_;
  FrameReader reader_{kMessageMax};
  Outbox outbox_;
  std::optional<SteadyTime> closing_since_;
};

}  // namespace faultline::stream
