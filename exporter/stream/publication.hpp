#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/cluster/event.hpp"
#include "common/cluster/snapshot.hpp"
#include "exporter/stream/ws_frame.hpp"

namespace faultline::stream {

/// One snapshot and its events as frames. Each frame is encoded when somebody
/// first needs it, and once, whatever the number of clients. The server's thread.
class Publication {
 public:
  /// `before` is what v1 clients hold; null when none holds anything.
  Publication(SnapshotPtr snapshot, const std::vector<ClusterEvent>& events,
              const Publication* before);

  [[nodiscard]] std::int64_t seq() const { return snapshot_->seq; }
  [[nodiscard]] const std::vector<Frame>& events() const { return events_; }
  /// Turns `before` into this. Null when there is none, or it would not save half.
  [[nodiscard]] const Frame& delta() const { return delta_; }
  [[nodiscard]] const Frame& whole() const;  ///< The snapshot, as a v1 frame.
  [[nodiscard]] const Frame& bare() const;   ///< The snapshot and nothing around it.

 private:
  [[nodiscard]] const nlohmann::json& json() const;
  [[nodiscard]] const std::string& text() const;

  SnapshotPtr snapshot_;
  std::vector<Frame> events_;
  Frame delta_;
  // Made on first use.
  mutable std::optional<nlohmann::json> json_;
  mutable std::string text_;
  mutable Frame whole_;
  mutable Frame bare_;
};

}  // namespace faultline::stream
