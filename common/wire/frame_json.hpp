#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/cluster/event.hpp"

namespace faultline::wire {

// The frames of subprotocol faultline.v1, as text: schema/stream.schema.json.
// Pure; any thread.

/// What every frame says beside its own news: whose run, and the newest snapshot's number.
struct FrameHead {
  std::string boot;
  std::int64_t seq = 0;
};

[[nodiscard]] std::string hello_frame(const FrameHead& head, std::string_view server,
                                      milliseconds heartbeat);
/// `snapshot` is Snapshot JSON as text: it is long, and written once for all its uses.
[[nodiscard]] std::string snapshot_frame(const FrameHead& head, std::string_view snapshot);
/// `delta` as diff_snapshots makes it.
[[nodiscard]] std::string delta_frame(const FrameHead& head, std::int64_t base_seq,
                                      nlohmann::json delta);
[[nodiscard]] std::string event_frame(const FrameHead& head, const ClusterEvent& event);
[[nodiscard]] std::string heartbeat_frame(const FrameHead& head, WallTime at);

/// The two things that a client may say.
enum class ClientRequest : std::uint8_t { resync, ping };

/// {"type":"resync"} or {"type":"ping"}; other fields are ignored. Fails with
/// `malformed` or `invalid` and the field.
[[nodiscard]] Result<ClientRequest> read_client_request(std::string_view text);

}  // namespace faultline::wire
