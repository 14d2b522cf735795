#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/clock.hpp"
#include "exporter/stream/publication.hpp"
#include "exporter/stream/ws_frame.hpp"
#include "exporter/stream/ws_upgrade.hpp"

namespace faultline::stream {

/// What one client still has to be sent. Snapshots replace one another, because
/// only the newest is true; events never do, because each is news. So its size is
/// bounded by the events, and a client that lets those pile up is dropped. A
/// message that is partly on the wire always stays. No I/O here; one thread.
class Outbox {
 public:
  Outbox(Protocol protocol, std::size_t events_max)
      : protocol_(protocol), events_max_(events_max) {}

  /// The publication's events and snapshot, or what this client needs instead: a
  /// delta is of no use to somebody who was not sent the one before. False when the
  /// client cannot keep up and must go.
  [[nodiscard]] bool offer(const Publication& publication);
  /// The snapshot whole, whatever was sent before.
  void offer_whole(const Publication& publication);
  /// Anything that is no snapshot. False as above.
  [[nodiscard]] bool offer_news(Frame frame);

  /// Forgets all that is not begun; `last` is what is said last.
  void close_with(Frame last);
  [[nodiscard]] bool closing() const { return closing_; }

  [[nodiscard]] bool empty() const { return items_.empty(); }
  /// The rest of the message at the front.
  [[nodiscard]] std::string_view unsent() const;
  /// The kernel took that many bytes of it. True when that was the last of them.
  bool sent(std::size_t bytes);

  /// The kernel took nothing more. Counts from the first time since a message went out.
  void stalled(SteadyTime now);
  [[nodiscard]] std::optional<SteadyTime> stalled_since() const { return stalled_since_; }

 private:
  enum class Kind : std::uint8_t { picture, news };
  struct Item {
    Frame frame;
    Kind kind = Kind::news;
  };
  [[nodiscard]] bool picture_waiting() const;
  void put_picture(const Frame& frame, std::int64_t seq);

  Protocol protocol_;
  bool closing_ = false;
  std::size_t events_max_;
  std::size_t offset_ = 0;  // Into the front.
  std::int64_t seq_ = -1;   // Of the newest picture put in.
  std::vector<Item> items_;
  std::optional<SteadyTime> stalled_since_;
};

}  // namespace faultline::stream
