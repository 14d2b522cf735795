#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace faultline::stream {

/// What a WebSocket client is sent.
enum class Protocol : std::uint8_t {
  bare,          ///< No subprotocol: whole snapshots, for a few lines of JavaScript.
  faultline_v1,  ///< Frames of schema/stream.schema.json.
};

/// The headers of an upgrade that decide; empty when absent.
struct UpgradeRequest {
  std::string_view host;
  std::optional<std::string_view> origin;
  std::string_view key;
  std::string_view version;
  std::string_view subprotocols;  ///< Comma-separated, all headers joined.
};

/// Whether a page from `origin` may connect: it is ours (its host[:port] is the one
/// asked for) or on the list. Only browsers send an Origin, and only they can be
/// used by a stranger's page; who sends none is not held up.
[[nodiscard]] bool origin_allowed(std::optional<std::string_view> origin, std::string_view host,
                                  const std::vector<std::string>& allowed);

/// Fails with `malformed` (key), `unsupported` (version), `forbidden` (origin) or
/// `invalid` (only subprotocols that we do not speak).
[[nodiscard]] Result<Protocol> judge_upgrade(const UpgradeRequest& request,
                                             const std::vector<std::string>& allowed_origins);

/// The whole 101 answer to a request with this Sec-WebSocket-Key.
[[nodiscard]] std::string switching_protocols(std::string_view key, Protocol protocol);

}  // namespace faultline::stream
