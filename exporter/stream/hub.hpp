#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "exporter/observe/snapshot_board.hpp"
#include "exporter/stream/counters.hpp"
#include "exporter/stream/publication.hpp"
#include "exporter/stream/stream_server.hpp"
#include "exporter/stream/ws_client.hpp"

namespace faultline::stream {

/// What was published and not yet broadcast. If the stream falls behind, snapshots
/// replace one another here and events add up. Outlives the server, because the
/// board keeps its subscriber.
class Mailbox {
 public:
  struct Content {
    SnapshotPtr snapshot;  ///< Null when nothing new came.
    std::vector<ClusterEvent> events;
  };

  /// True when the content must be fetched, which nobody was told yet. Any thread.
  [[nodiscard]] bool put(const SnapshotPtr& snapshot, const std::vector<ClusterEvent>& events);
  [[nodiscard]] Content take();

 private:
  std::mutex mutex_;  // Guards content_.
  Content content_;
};

/// All WebSocket clients, and what goes round among them. A broadcast goes out in
/// batches, so that new connections and scrapes get their turn in between. The
/// server's thread.
class Hub {
 public:
  /// All outlive this, but for the thread of `io`, which has stopped.
  Hub(boost::asio::io_context& io, const StreamOptions& options, observe::SnapshotBoard& board,
      Counters& counters, Logger log);

  /// Begins a broadcast of what is in the mailbox, unless one is going round, which
  /// then goes on with it.
  void broadcast(Mailbox& mailbox);
  /// The socket has sent its 101.
  void join(boost::asio::ip::tcp::socket socket, ConnectionSlot slot, Protocol protocol,
            std::string_view unread);
  void say_goodbye();

  // For the clients.
  [[nodiscard]] const StreamOptions& options() const { return options_; }
  [[nodiscard]] const Publication* current() const { return current_.get(); }
  [[nodiscard]] Frame heartbeat() const;
  void count_sent(std::size_t bytes, bool whole_message);
  void count_dropped(std::string_view why);
  void left();

 private:
  struct Round {
    bool active = false;
    bool news = false;      ///< current_ goes round; otherwise only a sign of life.
    std::size_t next = 0;   ///< Into clients_.
    std::size_t count = 0;  ///< Who joined later has it already.
    Frame heartbeat;
    Frame ping;
  };
  void begin_round(bool news);
  void send_batch();
  void greet(WsClient& client);
  [[nodiscard]] bool has_v1_clients() const;
  void remove_gone();
  void await_tick();
  void tick();

  boost::asio::io_context& io_;
  const StreamOptions& options_;
  observe::SnapshotBoard& board_;
  Counters& counters_;
  Logger log_;
  Mailbox* waiting_ = nullptr;  // Has content that came while a round was active.
  std::unique_ptr<Publication> current_;
  std::int64_t last_event_id_ = 0;  // Of the events that have gone round.
  std::vector<std::shared_ptr<WsClient>> clients_;
  std::size_t gone_ = 0;  // Of these; removed between rounds.
  Round round_;
  SteadyTime quiet_since_;
  boost::asio::steady_timer timer_;
  bool ticking_ = false;  // Only while there are clients.
};

}  // namespace faultline::stream
